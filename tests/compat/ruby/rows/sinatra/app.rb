require "sinatra/base"
require "json"

class App < Sinatra::Base
  set :environment, :production
  set :host_authorization, { permitted_hosts: [] }
  use Rack::ETag

  get "/*" do
    headers "X-Shown" => "yes"
    content_type :json
    { path: request.path_info, query: params.except("splat"), agent: request.user_agent, cookie: request.cookies }.to_json
  end

  post "/*" do
    body = JSON.parse(request.body.read)
    logger.info("posted #{body.keys.join(",")}")
    status 201
    body.to_json
  end

  error { halt 500, "failed: #{env["sinatra.error"].message}" }
end

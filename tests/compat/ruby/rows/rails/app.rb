require "rails"
require "action_controller/railtie"

class Shop < Rails::Application
  config.load_defaults 6.1
  config.api_only = true
  config.eager_load = true
  config.cache_classes = true
  config.secret_key_base = "secret"
  config.hosts.clear
  config.consider_all_requests_local = false
  config.logger = ActiveSupport::TaggedLogging.new(ActiveSupport::Logger.new($stdout))
  config.log_level = :info
end

class OrdersController < ActionController::API
  class SoldOut < StandardError; end
  rescue_from(SoldOut) { |error| render json: { error: error.message }, status: :conflict }

  def create
    logger.info("ordered #{params.permit(:item, :count).to_h}")
    render json: { order: params.require(:item), query: request.query_parameters, cookies: request.cookies, agent: request.user_agent }, status: :created, location: "/orders/1"
  end

  def index
    render json: { path: request.fullpath, ip: request.remote_ip, secure: request.ssl?, host: request.host }
  end

  def fail = raise(SoldOut, "no pears left")
end

Shop.initialize!
Shop.routes.draw do
  post "/orders", to: "orders#create"
  get "/fail", to: "orders#fail"
  match "*path", to: "orders#index", via: :all
end

# What RubyGems do, which are there before the handler is loaded.
LOADED = [defined?(Gem), Gem::VERSION.class.name]
gem "graphql", ">= 1.0"
require "graphql"

class Query < GraphQL::Schema::Object
  field :pear, String, null: false do
    argument :name, String, required: true
  end

  def pear(name:) = "#{name}, #{context[:by]}"
end

class Schema < GraphQL::Schema
  query Query
end

def handler(event:, context:)
  case event["of"]
  when "loaded" then LOADED
  when "graphql" then Schema.execute(event["query"], variables: event["variables"], context: { by: "Ada" })
  when "path" then Gem.path.any? { |path| path.end_with?("vendor/bundle/ruby/#{RbConfig::CONFIG["ruby_version"]}") }
  when "specification" then Gem::Specification.find_by_name("graphql").version.segments.size
  when "conflict" then gem("graphql", "< 1")
  when "missing" then gem("nowhere")
  when "require" then require("nowhere")
  when "relative" then require_relative("nowhere")
  end
end

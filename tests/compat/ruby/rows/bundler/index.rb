require "bundler/setup"
Bundler.require(:default)

def handler(event:, context:)
  { rack: Rack.release, loaded: Gem.loaded_specs.keys.include?("sinatra"), version: Gem::Version.new("3.0") < Gem.loaded_specs["sinatra"].version, gemfile: Bundler.default_gemfile.to_s == "#{Dir.pwd}/Gemfile", outside: outside }
end

# A gem that is installed, but not in the Gemfile.
def outside
  require "graphql"
rescue LoadError => error
  error.class.name
end

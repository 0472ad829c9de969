require "grape"

class Shop < Grape::API
  class SoldOut < StandardError; end
  format :json
  rescue_from(SoldOut) { |error| error!({ error: error.message }, 409) }

  params do
    requires :item, type: String
    requires :count, type: Integer, values: 1..9
  end
  post("/orders") { { item: params[:item], count: params[:count], cookie: cookies["session"] } }

  params { optional :size, type: Symbol, values: %i[small large], default: :small }
  get("/pears") { { size: params[:size], agent: headers["User-Agent"] } }

  get("/fail") { raise SoldOut, "no pears left" }
end

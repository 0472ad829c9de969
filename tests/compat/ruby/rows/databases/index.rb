require "sqlite3"
require "sequel"
require "active_record"

SQLITE = SQLite3::Database.new(":memory:")
SQLITE.execute("CREATE TABLE pears (name TEXT, price REAL, raw BLOB)")
DB = Sequel.sqlite
DB.create_table(:pears) { primary_key :id; String :name; Date :picked; Numeric :price }
ActiveRecord::Base.establish_connection(adapter: "sqlite3", database: ":memory:")
ActiveRecord::Schema.verbose = false
ActiveRecord::Schema.define { create_table(:pears) { |t| t.string :name; t.datetime :picked; t.decimal :price, precision: 9, scale: 2 } }

class Pear < ActiveRecord::Base
  validates :name, presence: true
end

def handler(event:, context:)
  case event["by"]
  when "sqlite3"
    SQLITE.execute("INSERT INTO pears VALUES (?, ?, ?)", [event["name"], 1.5, SQLite3::Blob.new("\xFF".b)])
    SQLITE.results_as_hash = true
    SQLITE.execute("SELECT name, price, hex(raw) AS raw, (SELECT count(*) FROM pears) AS n FROM pears ORDER BY rowid DESC LIMIT 1")
  when "sequel"
    DB.transaction { DB[:pears].insert(name: event["name"], picked: Date.new(2026, 1, 2), price: BigDecimal("1.10")) }
    DB[:pears].where(name: event["name"]).all
  when "active_record"
    Pear.create!(name: event["name"], picked: Time.utc(2026, 1, 2, 3, 4, 5), price: 1.1)
    Pear.where(name: event["name"])
  when "invalid" then Pear.create!(name: "")
  when "locked" then SQLITE.execute("SELECT * FROM nowhere")
  end
end

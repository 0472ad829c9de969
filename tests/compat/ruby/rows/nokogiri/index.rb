require "nokogiri"

def handler(event:, context:)
  page = Nokogiri::HTML(event["html"])
  xml = Nokogiri::XML::Builder.new { |build| build.order(id: 1) { build.item("tea & ü") } }
  broken = begin
    Nokogiri::XML("<a>") { |config| config.strict }
  rescue Nokogiri::XML::SyntaxError => error
    error.class.name
  end
  { links: page.css("a[href]").map { |a| [a["href"], a.text] }, xpath: page.xpath("//p/text()").map(&:to_s), xml: xml.to_xml, broken: broken, node: page.at_css("p") }
end

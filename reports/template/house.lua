-- Figures, tables, references and equations of the reports, for Typst and for HTML.
-- A reference to nothing, a citation without an entry and an image without alternative text end the run.

local typst = FORMAT:match("typst") ~= nil
local numbers, counts = {}, { fig = 0, tbl = 0 }
local kinds = { fig = "Figure", tbl = "Table" }
local section, letter = { 0, 0, 0, 0, 0, 0 }, ""

local function fail(message)
  io.stderr:write(message .. "\n")
  os.exit(83)
end

local function quoted(text)
  return '"' .. text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", " ") .. '"'
end

local function escaped(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

local function append(list, more)
  for _, item in ipairs(more) do
    list[#list + 1] = item
  end
end

local function number_floats(div)
  local kind = div.identifier:match("^(%a+):")
  if kind == nil or counts[kind] == nil then
    return
  end
  if numbers[div.identifier] then
    fail("The label " .. div.identifier .. " is given twice.")
  end
  counts[kind] = counts[kind] + 1
  numbers[div.identifier] = letter .. counts[kind]
end

-- Sections 1, 1.1; appendices A, A.1, with figures and tables A1, A2.
local function number_section(el)
  if el.classes:includes("unnumbered") then
    return nil
  end
  local appendix = el.classes:includes("appendix")
  if appendix then
    letter = letter == "" and "A" or string.char(letter:byte() + 1)
    counts = { fig = 0, tbl = 0 }
  end
  section[el.level] = appendix and 0 or section[el.level] + 1
  for level = el.level + 1, #section do
    section[level] = 0
  end
  local parts = letter == "" and {} or { letter }
  for level = letter == "" and 1 or 2, el.level do
    parts[#parts + 1] = tostring(section[level])
  end
  return (appendix and "Appendix " or "") .. table.concat(parts, ".")
end

local function number_blocks(doc)
  for position, block in ipairs(doc.blocks) do
    if block.t == "Div" then
      number_floats(block)
    elseif block.t == "Header" then
      local number = number_section(block)
      if block.identifier:match("^sec:") then
        numbers[block.identifier] = number or true
      end
      if number and not typst then
        block.content:insert(1, pandoc.Space())
        block.content:insert(1, pandoc.Span({ pandoc.Str(number) }, { class = "header-section-number" }))
        doc.blocks[position] = block
      end
    end
  end
end

local function is_reference(id)
  return id:match("^fig:") or id:match("^tbl:") or id:match("^sec:")
end

local function reference_link(id)
  if numbers[id] == nil then
    fail("The text refers to " .. id .. ", which is not in this document.")
  end
  if typst then
    return pandoc.RawInline("typst", "#ref(<" .. id .. ">)")
  end
  local kind = kinds[id:match("^(%a+):")]
  local name = numbers[id] == true and "this section" or (kind and kind .. " " or "") .. numbers[id]
  return pandoc.Link(name, "#" .. id)
end

-- "@tbl:a [@key]" reaches the filter as one group: references are linked, and what is left is cited behind them.
local function reference(cite)
  local out, works = {}, {}
  for _, citation in ipairs(cite.citations) do
    if is_reference(citation.id) then
      if #out > 0 then
        out[#out + 1] = pandoc.Str(", ")
      end
      out[#out + 1] = reference_link(citation.id)
    else
      works[#works + 1] = citation
    end
  end
  if #out == 0 then
    return nil
  end
  if #works > 0 then
    append(out, { pandoc.Space(), pandoc.Cite({ pandoc.Str("[" .. works[1].id .. "]") }, works) })
  end
  return out
end

local function equation(el)
  if not typst then
    return nil
  end
  local source = pandoc.write(pandoc.Pandoc({ pandoc.Plain({ el }) }), "typst"):gsub("%s+$", "")
  if not source:match("^%$") then
    fail("Unsupported LaTeX in an equation: " .. el.text)
  end
  local block = el.mathtype == "DisplayMath" and "true" or "false"
  return pandoc.RawInline(
    "typst",
    "#math.equation(block: " .. block .. ", alt: " .. quoted(el.text) .. ", " .. source .. ")"
  )
end

local function caption_inlines(div)
  local first = div.content[1]
  if first == nil or (first.t ~= "Para" and first.t ~= "Plain") then
    fail(div.identifier .. " has no caption.")
  end
  return first.content
end

local function read(path)
  local file = io.open(path, "r")
  if file == nil then
    fail("The figure " .. path .. " was not written.")
  end
  local text = file:read("a")
  file:close()
  return text
end

local function inline_svg(path, alt, prefix)
  local svg = read(path):gsub("^.-<svg", "<svg", 1)
  svg = svg:gsub('id="', 'id="' .. prefix .. "-"):gsub('href="#', 'href="#' .. prefix .. "-")
  svg = svg:gsub("url%(#", "url(#" .. prefix .. "-")
  local opening = '<svg role="img" aria-label="' .. escaped(alt) .. '"'
  return (svg:gsub("<svg", function() return opening end, 1))
end

local function html_label(div, kind)
  return pandoc.RawInline("html", '<span class="float-number">' .. kind .. " " .. numbers[div.identifier] .. ".</span> ")
end

local function figure(div)
  local alt, file = div.attributes.alt or "", div.attributes.file
  if alt:match("^%s*$") then
    fail(div.identifier .. " has no alternative text.")
  end
  local inlines = {}
  if typst then
    local open = "#report-figure(" .. quoted(file) .. ", alt: " .. quoted(alt) .. ", caption: ["
    inlines = { pandoc.RawInline("typst", open) }
    append(inlines, caption_inlines(div))
    inlines[#inlines + 1] = pandoc.RawInline("typst", "]) <" .. div.identifier .. ">")
    return pandoc.Plain(inlines)
  end
  local svg = inline_svg(file, alt, (div.identifier:gsub("%W", "-")))
  inlines = { pandoc.RawInline("html", "<figcaption>"), html_label(div, "Figure") }
  append(inlines, caption_inlines(div))
  inlines[#inlines + 1] = pandoc.RawInline("html", "</figcaption>")
  return {
    pandoc.RawBlock("html", '<figure id="' .. div.identifier .. '">' .. svg),
    pandoc.Plain(inlines),
    pandoc.RawBlock("html", "</figure>"),
  }
end

local function split_table(div)
  local body, notes = nil, {}
  for position, block in ipairs(div.content) do
    if block.t == "RawBlock" then
      if block.format == (typst and "typst" or "html") then
        body = block.text
      end
    elseif position > 1 then
      notes[#notes + 1] = block.content
    end
  end
  return body, notes
end

local function typst_table(div, body, notes)
  local inlines = { pandoc.RawInline("typst", "#report-table(caption: [") }
  append(inlines, caption_inlines(div))
  inlines[#inlines + 1] = pandoc.RawInline("typst", "], notes: (")
  for _, note in ipairs(notes) do
    inlines[#inlines + 1] = pandoc.RawInline("typst", "[")
    append(inlines, note)
    inlines[#inlines + 1] = pandoc.RawInline("typst", "],")
  end
  inlines[#inlines + 1] = pandoc.RawInline("typst", "), " .. body .. ") <" .. div.identifier .. ">")
  return pandoc.Plain(inlines)
end

local function html_table(div, body, notes)
  local caption = { pandoc.RawInline("html", "<caption>"), html_label(div, "Table") }
  append(caption, caption_inlines(div))
  caption[#caption + 1] = pandoc.RawInline("html", "</caption>")
  local open = '<div class="table-float" id="' .. div.identifier .. '" tabindex="0"><table>'
  local blocks = { pandoc.RawBlock("html", open), pandoc.Plain(caption), pandoc.RawBlock("html", body .. "</table></div>") }
  for _, note in ipairs(notes) do
    blocks[#blocks + 1] = pandoc.Div({ pandoc.Plain(note) }, { class = "table-note" })
  end
  return blocks
end

local function float(div)
  if div.classes:includes("report-figure") then
    return figure(div)
  elseif div.classes:includes("report-table") then
    local body, notes = split_table(div)
    return typst and typst_table(div, body, notes) or html_table(div, body, notes)
  elseif div.classes:includes("report-code") and not typst then
    return { pandoc.RawBlock("html", "<details class=\"code\"><summary>code</summary>"), div.content[1], pandoc.RawBlock("html", "</details>") }
  end
end

local function image(el)
  fail("The image " .. el.src .. " stands in the text itself: show a Figure, which carries caption and alternative text.")
end

local function check_citations(doc)
  local known = {}
  for _, entry in ipairs(pandoc.utils.references(doc)) do
    known[entry.id] = true
  end
  doc:walk({
    Cite = function(cite)
      for _, citation in ipairs(cite.citations) do
        if not is_reference(citation.id) and not known[citation.id] then
          fail("The citation @" .. citation.id .. " has no entry in the bibliography.")
        end
      end
    end,
  })
end

function Pandoc(doc)
  number_blocks(doc)
  check_citations(doc)
  doc = doc:walk({ Cite = reference, Math = equation, Image = image })
  return doc:walk({ Div = float })
end

-- Requests from the environment; each line of a file stands in turn for `@`. A file that is used
-- up begins again.
local values = {}
for line in io.lines(os.getenv("BENCH_VALUES")) do values[#values + 1] = line end

local method, path, body = os.getenv("BENCH_METHOD"), os.getenv("BENCH_PATH"), os.getenv("BENCH_BODY")
local names, texts = {}, {}
for line in os.getenv("BENCH_HEADERS"):gmatch("[^\n]+") do
  local name, text = line:match("^(.-): (.*)$")
  names[#names + 1], texts[#texts + 1] = name, text
end

local function filled(text, value)
  local from, to = text:find("@", 1, true)
  if not from then return text end
  return text:sub(1, from - 1) .. value .. text:sub(to + 1)
end

local prepared, at = {}, 0

function init()
  for _, value in ipairs(#values > 0 and values or { "" }) do
    local headers = {}
    for i, name in ipairs(names) do headers[name] = filled(texts[i], value) end
    local filled_body = body ~= "" and filled(body, value) or nil
    prepared[#prepared + 1] = wrk.format(method, filled(path, value), headers, filled_body)
  end
end

function request()
  at = at % #prepared + 1
  return prepared[at]
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    "BENCH requests=%d seconds=%.6f errors=%d\n", summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

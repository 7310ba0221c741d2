-- Requests from the environment; each line of a file stands in turn for `@`. A file that is used
-- up begins again, unless answers name successors: then each value is used once, and queued anew.
local method, path, body = os.getenv("BENCH_METHOD"), os.getenv("BENCH_PATH"), os.getenv("BENCH_BODY")
local successor = os.getenv("BENCH_SUCCESSOR")
local names, texts, queue, first = {}, {}, {}, 1

local function filled(text, value)
  local from, to = text:find("@", 1, true)
  if not from then return text end
  return text:sub(1, from - 1) .. value .. text:sub(to + 1)
end

local function prepared(value)
  local headers = {}
  for i, name in ipairs(names) do headers[name] = filled(texts[i], value) end
  return wrk.format(method, filled(path, value), headers, body ~= "" and filled(body, value) or nil)
end

function init()
  for line in os.getenv("BENCH_HEADERS"):gmatch("[^\n]+") do
    local name, text = line:match("^(.-): (.*)$")
    names[#names + 1], texts[#texts + 1] = name, text
  end
  for line in io.lines(os.getenv("BENCH_VALUES")) do queue[#queue + 1] = prepared(line) end
  if #queue == 0 then queue[1] = prepared("") end
end

function request()
  local following = queue[first]
  first = first + 1
  if successor == "" and first > #queue then first = 1 end
  return following
end

-- Its mere presence costs wrk time: only where it is needed.
if successor ~= "" then
  local pattern = '"' .. successor .. '": ?"(.-)"'
  function response(status, headers, text)
    local found = status == 200 and text:match(pattern)
    if found then queue[#queue + 1] = prepared(found) end
  end
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    "BENCH requests=%d seconds=%.6f errors=%d\n", summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end

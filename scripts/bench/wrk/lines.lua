-- SPDX-License-Identifier: LGPL-3.0-only
-- wrk asks with the lines of a file, beginning anywhere. Arguments: FILE, what a good
-- answer holds in its body or its Location, its status, the method, then headers as
-- "Name: value". A line is a body, with GET a path. In a header "{address}" becomes
-- another IPv4 address each time. It tells how many answers are not good, and how many
-- are those of a limit (429), as one line.
local lines, place, threads = {}, 0, {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  for line in io.lines(arguments[1]) do lines[#lines + 1] = line end
  good, status, wrong, limited = arguments[2], tonumber(arguments[3]), 0, 0
  wrk.method = arguments[4]
  for index = 5, #arguments do
    local name, value = arguments[index]:match("^([^:]+): (.*)$")
    if value:find("{address}", 1, true) then
      varied, pattern = name, value
    else
      wrk.headers[name] = value
    end
  end
  math.randomseed(os.time())
  place = math.random(#lines)
end

function request()
  place = place % #lines + 1
  if varied then
    local address = string.format("%d.%d.%d.%d", math.random(11, 99),
      math.random(0, 255), math.random(0, 255), math.random(1, 254))
    wrk.headers[varied] = pattern:gsub("{address}", address)
  end
  if wrk.method == "GET" then return wrk.format(nil, lines[place]) end
  return wrk.format(nil, nil, nil, lines[place])
end

function response(code, headers, body)
  if code == 429 then
    limited = limited + 1
    return
  end
  local told = (body or "") .. (headers["Location"] or "")
  if code ~= status or not told:find(good, 1, true) then wrong = wrong + 1 end
end

function done(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.timeout
  local refused = 0
  for _, thread in ipairs(threads) do
    bad = bad + thread:get("wrong")
    refused = refused + thread:get("limited")
  end
  io.write(string.format(
    "RESULT %d %d %d %d %d %d %d %d %d\n", summary.requests, summary.duration, bad,
    refused, latency.mean, latency:percentile(50), latency:percentile(99),
    latency.max, summary.bytes))
end

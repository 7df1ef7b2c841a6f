-- SPDX-License-Identifier: LGPL-3.0-only
-- wrk posts the lines of a file, beginning anywhere: arguments FILE, then headers.
-- It tells how many answers lack what a good one holds (third argument), as one line.
local bodies, place, threads = {}, 0, {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  for line in io.lines(arguments[1]) do bodies[#bodies + 1] = line end
  good = arguments[2]
  wrong = 0
  wrk.method = "POST"
  wrk.headers["Content-Type"] = arguments[3]
  if arguments[4] then wrk.headers["Authorization"] = arguments[4] end
  math.randomseed(os.time())
  place = math.random(#bodies)
end

function request()
  place = place % #bodies + 1
  return wrk.format(nil, nil, nil, bodies[place])
end

function response(status, headers, body)
  if status ~= 200 or not body:find(good, 1, true) then wrong = wrong + 1 end
end

function done(summary, latency, requests)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.timeout
  for _, thread in ipairs(threads) do bad = bad + thread:get("wrong") end
  io.write(string.format(
    "RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, bad,
    latency.mean, latency:percentile(50), latency:percentile(99)))
end

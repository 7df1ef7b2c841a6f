-- SPDX-License-Identifier: LGPL-3.0-only
-- lines.lua with a pace: BENCH_BEGIN seconds after the start each connection asks for
-- the first time, all within a second, and BENCH_PAUSE seconds after each answer again.
dofile(os.getenv("BENCH_SCRIPT"))

local ffi = require("ffi")
ffi.cdef("typedef struct { long s, us; } moment; int gettimeofday(moment *, void *);")
local moment = ffi.new("moment")

local function now()
  ffi.C.gettimeofday(moment, nil)
  return tonumber(moment.s) + tonumber(moment.us) / 1e6
end

local started, asked = now(), 0
local begin, pause = tonumber(os.getenv("BENCH_BEGIN")), tonumber(os.getenv("BENCH_PAUSE"))
local connections = tonumber(os.getenv("BENCH_CONNECTIONS"))

function delay()
  asked = asked + 1
  if asked > connections then return pause * 1000 end
  return math.max(0, (started + begin + math.random() - now()) * 1000)
end

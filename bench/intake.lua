-- Load for wrk: the same alert with a key of its own in every request; prints what came of it as one line of JSON.
-- BENCH_BODY holds the body with KEY where the key goes, BENCH_PATH the path, BENCH_RUN the run's own prefix.

local path, run = os.getenv("BENCH_PATH"), os.getenv("BENCH_RUN")
local before, after = os.getenv("BENCH_BODY"):match("^(.-)KEY(.*)$")
local headers = { ["Content-Type"] = "application/json" }
local sent = 0

function request()
  sent = sent + 1
  return wrk.format("POST", path, headers, before .. run .. "-" .. sent .. after)
end

function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '\nRESULT {"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end

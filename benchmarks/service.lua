-- wrk's side of benchmarks/service: random users; one line of JSON when all is done.
local n_users, path

function init(arguments)
    path, n_users = arguments[1], tonumber(arguments[2])
    math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000003)
end

function request()
    return wrk.format("GET", path .. math.random(n_users))
end

function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(
        '{"requests": %d, "seconds": %.6f, "median": %.1f, "p90": %.1f, "p99": %.1f, "p999": %.1f, "max": %.1f, ' ..
        '"errors": {"connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d}}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(90),
        latency:percentile(99), latency:percentile(99.9), latency.max,
        e.connect, e.read, e.write, e.status, e.timeout))
end

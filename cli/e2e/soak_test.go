package e2e_test

import (
	"slices"
	"testing"
	"time"
)

// TestMemoryAndGoroutinesStayFlat lets glint work at a tenth of its speed for
// GLINT_SOAK_SECONDS, and compares the beginning with the end.
func TestMemoryAndGoroutinesStayFlat(t *testing.T) {
	i := up(t, newHome(t))
	b := newBulk(t, i)
	pid, engine := i.cmd.Process.Pid, enginesOf(t, i.home)[0]
	length := secondsFrom(t, "GLINT_SOAK_SECONDS", 4*time.Second)
	b.run(t, i, length/6) // to get warm
	series := map[string][]float64{}
	const samples = 30
	for range samples {
		b.run(t, i, length/samples)
		m := i.metrics(t)
		for name, value := range map[string]float64{
			"goroutines": m["go_goroutines"], "Go heap in use, MiB": m["go_memstats_heap_inuse_bytes"] / mebibyte,
			"glint's memory, MiB": residentBytes(pid) / mebibyte, "the engine's memory, MiB": residentBytes(engine) / mebibyte,
			"backlog, records": i.backlog(t),
		} {
			series[name] = append(series[name], value)
		}
	}
	eventually(t, "the lines to be stored", func() bool { return i.backlog(t) == 0 })
	b.stored(t, i)
	for name, values := range series {
		t.Logf("%-25s first %7.1f, last %7.1f, maximum %7.1f; median of the first third %7.1f, of the last %7.1f", name,
			values[0], values[samples-1], slices.Max(values), median(values[:samples/3]), median(values[samples*2/3:]))
	}
	for name, slack := range map[string]float64{"goroutines": 50, "Go heap in use, MiB": 128, "backlog, records": 60} {
		first, last := median(series[name][:samples/3]), median(series[name][samples*2/3:])
		if last > 1.5*first+slack {
			t.Errorf("%s rose from %.1f to %.1f", name, first, last)
		}
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

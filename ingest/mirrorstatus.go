package ingest

import "github.com/prometheus/client_golang/prometheus"

// MirrorStatus is the state of a mirror.
type MirrorStatus struct {
	Mirror        string `json:"mirror"`            // host:port
	Problem       string `json:"problem,omitempty"` // "": the mirror follows
	BehindRecords uint64 `json:"behind_records"`    // records of the log that the warehouse has and the mirror lacks
	CopiedRows    uint64 `json:"copied_rows"`       // since the start, rows that are not loaded from the log
}

func (m *mirror) status() MirrorStatus {
	m.mu.Lock()
	problem := m.problem
	m.mu.Unlock()
	s := MirrorStatus{Mirror: m.name, Problem: problem, CopiedRows: uint64(m.copied.Load())}
	for _, h := range m.holds {
		s.BehindRecords += uint64(h.behind(m.reader()))
	}
	return s
}

// registerMirrors exposes the state of the mirrors as metrics.
func registerMirrors(r prometheus.Registerer, all []*mirror) {
	for _, m := range all {
		label := prometheus.Labels{"mirror": m.name}
		r.MustRegister(
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "glint_mirror_up", ConstLabels: label, Help: "1 while the mirror follows; 0 while something keeps it from that.",
			}, func() float64 {
				if m.status().Problem != "" {
					return 0
				}
				return 1
			}),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{
				Name: "glint_mirror_behind_records", ConstLabels: label, Help: "Records of the log that are in the warehouse and not yet in the mirror.",
			}, func() float64 { return float64(m.status().BehindRecords) }),
			prometheus.NewCounterFunc(prometheus.CounterOpts{
				Name: "glint_mirror_copied_rows_total", ConstLabels: label, Help: "Rows that were copied to the mirror since they do not come by the log.",
			}, func() float64 { return float64(m.copied.Load()) }),
		)
	}
}

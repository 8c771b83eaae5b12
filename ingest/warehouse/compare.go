package warehouse

import (
	"context"
	"fmt"
	"math"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// The populations in which two campaigns are compared.
const (
	VisibleBoth  = "visible_both"  // recipients of both who are visible in both; paired
	VisibleEach  = "visible_each"  // the visible messages of each, as independent samples
	MeasuredBoth = "measured_both" // all recipients of both; paired, and masked opens are missing
	MeasuredEach = "measured_each" // all measured messages of each
)

// enoughPairs is the number of recipients of both campaigns from which a paired
// comparison comes first.
const enoughPairs = 100

// Difference compares the open rates of two campaigns in one population. Rates
// are fractions, nil without a message; the interval covers sampling error
// only.
type Difference struct {
	Population string
	A, B       *float64 // fraction opened by a person
	Difference *float64 // A − B
	Low, High  *float64 // its 95 % interval
	N          uint64   // recipients of a paired population; otherwise the messages of both campaigns
	NA, NB     uint64   // messages of each
}

// Compare returns the differences between two campaigns. The first one is the
// one to quote: among visible recipients of both if there are at least 100,
// otherwise among the visible messages of each. Errors that affect the same
// recipients cancel in a difference, so it is more exact than the rates.
func (w *Warehouse) Compare(ctx context.Context, a, b uint64) ([]Difference, error) {
	var n [16]uint64
	into := make([]any, len(n))
	for i := range n {
		into[i] = &n[i]
	}
	if err := w.ask(ctx, "compare", []any{clickhouse.Named("a", a), clickhouse.Named("b", b)}, into...); err != nil {
		return nil, fmt.Errorf("compare campaigns: %w", err)
	}
	all := []Difference{
		paired(VisibleBoth, n[0], n[1], n[2], n[3]),
		independent(VisibleEach, n[9], n[8], n[13], n[12]),
		paired(MeasuredBoth, n[4], n[5], n[6], n[7]),
		independent(MeasuredEach, n[11], n[10], n[15], n[14]),
	}
	if all[0].N < enoughPairs {
		all[0], all[1] = all[1], all[0]
	}
	return all, nil
}

// independent compares two independent samples, k of n and l of m: Newcombe
// 1998, Statistics in Medicine 17:873, method 10.
func independent(population string, k, n, l, m uint64) Difference {
	d := Difference{Population: population, N: n + m, NA: n, NB: m}
	if n > 0 && m > 0 {
		d.fill(interval(k, n), interval(l, m), 0)
	}
	return d
}

// paired compares two answers of the same n subjects: Newcombe 1998, Statistics
// in Medicine 17:2635, method 10.
func paired(population string, both, onlyA, onlyB, neither uint64) Difference {
	n := both + onlyA + onlyB + neither
	d := Difference{Population: population, N: n, NA: n, NB: n}
	if n == 0 {
		return d
	}
	e, f, g, h := float64(both), float64(onlyA), float64(onlyB), float64(neither)
	phi := 0.0
	if margins := math.Sqrt(e+f) * math.Sqrt(g+h) * math.Sqrt(e+g) * math.Sqrt(f+h); margins > 0 {
		covariance := e*h - f*g
		if covariance > 0 {
			covariance = math.Max(covariance-float64(n)/2, 0) // continuity
		}
		phi = covariance / margins
	}
	d.fill(interval(both+onlyA, n), interval(both+onlyB, n), phi)
	return d
}

// sampled is a proportion with its interval.
type sampled struct{ low, at, high float64 }

// interval returns k/n with its 95 % interval (Wilson 1927); n is not 0.
func interval(k, n uint64) sampled {
	const z = 1.959963984540054
	x, size := float64(k), float64(n)
	spread := z * math.Sqrt(x*(size-x)/size+z*z/4)
	return sampled{
		math.Max(0, (x+z*z/2-spread)/(size+z*z)), x / size, math.Min(1, (x+z*z/2+spread)/(size+z*z)),
	}
}

func (d *Difference) fill(a, b sampled, phi float64) {
	root := func(x, y float64) float64 { return math.Sqrt(math.Max(0, x*x-2*phi*x*y+y*y)) }
	difference := a.at - b.at
	low := math.Max(-1, difference-root(a.at-a.low, b.high-b.at))
	high := math.Min(1, difference+root(a.high-a.at, b.at-b.low))
	d.A, d.B, d.Difference, d.Low, d.High = &a.at, &b.at, &difference, &low, &high
}

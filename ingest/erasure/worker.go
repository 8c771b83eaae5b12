package erasure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"glint/ingest/archive/archiver"
	"glint/ingest/consent"
	"glint/ingest/deadletters"
	"glint/ingest/feed"
	"glint/ingest/objects"
	"glint/ingest/receipts"
	"glint/ingest/receiver/codec"
	"glint/ingest/repair"
	"glint/ingest/wal"
	"glint/ingest/warehouse"
)

// Worker executes requests. Set its fields before Run.
type Worker struct {
	Folder    Folder
	Warehouse *warehouse.Warehouse
	Lanes     *wal.Lanes
	LogDir    string
	Receipts  *receipts.Writer
	Letters   *deadletters.Folder
	Feed      *feed.Feed    // of the webhook; its files may exist even without a webhook
	Archive   objects.Store // nil: no archive
	Flush     func()        // closes the archive's files in progress; nil: none
	Follow    *consent.Follower
	Book      consent.Book  // stores the end of the ledger of choices; nil: no choice is recorded
	Lifetime  time.Duration // of replaced parts: see warehouse.DropOldParts
	Copies    []Copy        // mirrors
	SyncDisk  func() error  // syncs all files of an embedded engine to the disk; nil: not embedded
	Logger    *slog.Logger

	erased prometheus.Counter
}

// New returns a worker for that folder and registers its metrics; with folder "" it accepts no requests.
func New(folder Folder, logger *slog.Logger, r prometheus.Registerer) *Worker {
	w := &Worker{Folder: folder, Logger: logger, Lifetime: time.Minute, erased: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "glint_erased_persons_total", Help: "Persons who were erased since the start.",
	})}
	r.MustRegister(w.erased, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "glint_erasures_pending", Help: "Orders to erase persons that are not carried out.",
	}, func() float64 {
		if w.Folder == "" {
			return 0
		}
		pending, err := w.Folder.Pending()
		if err != nil {
			return 1
		}
		return float64(len(pending))
	}))
	return w
}

const (
	lookEvery = time.Second
	lastPause = time.Minute
)

// Run executes requests until ctx ends.
func (w *Worker) Run(ctx context.Context) {
	for pause := lookEvery; ; {
		err := w.pass(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			w.Logger.Error("erasure not carried out yet, trying again", "error", err, "pause", pause)
			pause = min(2*pause, lastPause)
		default:
			pause = lookEvery
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

func (w *Worker) pass(ctx context.Context) error {
	pending, err := w.Folder.Pending()
	for i := range pending {
		err = errors.Join(err, w.carryOut(ctx, &pending[i]))
	}
	return err
}

// job is the execution of one request.
type job struct {
	*Worker
	*Request
	keys    []warehouse.RecipientKey
	refs    []warehouse.MessageRef
	persons Persons
	notes   []string
}

func (w *Worker) carryOut(ctx context.Context, r *Request) error {
	j := &job{Worker: w, Request: r, notes: []string{}}
	if j.Counts.Rows == nil {
		j.Counts.Rows = map[string]uint64{}
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"find messages", j.find},
		{"wait for the log", j.drain},
		{"find what came meanwhile", j.find},
		{"receipts", j.receipts},
		{"log", j.log},
		{"archive", j.archive},
		{"dead letters", j.letters},
		{"tables", j.tables},
		{"webhook", j.webhook},
		{"parts", j.parts},
		{"mirrors", j.copies},
		{"refusal", j.refuse},
	} {
		w.Folder.note(r.ID, State{Step: step.name})
		err := step.do(ctx)
		if err == nil {
			err = w.Folder.keep(r)
		}
		if err != nil {
			err = fmt.Errorf("erase, %s: %w", step.name, err)
			w.Folder.note(r.ID, State{Step: step.name, Fault: err.Error()})
			return err
		}
	}
	receipt := &Receipt{ID: r.ID, RequestedAt: r.RequestedAt, ErasedAt: time.Now().UTC().Truncate(time.Millisecond), Counts: r.Counts, Notes: j.notes}
	for _, key := range j.keys {
		receipt.RecipientKeys = append(receipt.RecipientKeys, key.String())
	}
	if err := w.Folder.finish(receipt); err != nil {
		return err
	}
	w.erased.Add(float64(len(r.Recipients)))
	w.Logger.Info("persons erased", "persons", len(r.Recipients), "messages", r.Counts.Messages)
	return nil
}

// find adds the persons and their messages to the table erasing. From then on their new
// opens are dropped.
func (j *job) find(ctx context.Context) error {
	hasher, err := j.Warehouse.RecipientHasher(ctx)
	if err != nil {
		return err
	}
	j.keys = j.keys[:0]
	j.persons = Persons{Addresses: map[string]bool{}, Messages: map[uuid.UUID]bool{}}
	for _, recipient := range j.Recipients {
		j.keys = append(j.keys, hasher.Key(recipient))
		j.persons.Addresses[recipient] = true
	}
	if err := j.Warehouse.BeginErasing(ctx, j.keys, time.Now()); err != nil {
		return err
	}
	if j.refs, err = j.Warehouse.ErasingMessages(ctx); err != nil {
		return err
	}
	for _, ref := range j.refs {
		j.persons.Messages[ref.MessageID] = true
	}
	j.Counts.Messages = max(j.Counts.Messages, len(j.persons.Messages))
	return j.Follow.Erase(ctx, j.Warehouse)
}

// drain waits until all current records of the log are in the warehouse and the archive,
// and until no repair and no run of judge can write rows that it read before.
func (j *job) drain(ctx context.Context) error {
	for _, log := range []*wal.Log{j.Lanes.Live, j.Lanes.Replay, j.Lanes.Sends} {
		_, until := log.Position()
		for {
			released, _ := log.Position()
			if released >= until {
				break
			}
			if j.Flush != nil {
				j.Flush()
			}
			if err := wait(ctx, 50*time.Millisecond); err != nil {
				return err
			}
		}
	}
	calm, err := repair.Calm(ctx, j.LogDir)
	if err != nil {
		return err
	}
	calm()
	return j.awaitRuns(ctx)
}

func (j *job) awaitRuns(ctx context.Context) error {
	for {
		goesOn, err := j.Warehouse.RunGoesOn(ctx)
		if err != nil || !goesOn {
			return err
		}
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// receipts removes the events from the receipts. It runs before the rows are deleted that identify the events.
func (j *job) receipts(ctx context.Context) error {
	events, err := j.Warehouse.ErasingEvents(ctx)
	if err != nil {
		return err
	}
	n, err := j.Receipts.Erase(events)
	j.Counts.ReceiptEvents += n
	return err
}

func (j *job) log(ctx context.Context) error {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	change := func(at wal.Position, r *wal.Record) (*wal.Content, error) {
		text, err := codec.AppendDecoded(nil, codec.Codec(r.Codec), r.Body, int64(r.DecodedBytes))
		if err != nil {
			return nil, fmt.Errorf("decode record %d: %w", at.Record, err)
		}
		kept, lines, erased := j.keep(text)
		if erased == 0 {
			return nil, nil
		}
		j.Counts.LogLines += erased
		return &wal.Content{Codec: wal.Codec(codec.Zstd), DecodedBytes: uint64(len(kept)), Lines: lines, Body: z.EncodeAll(kept, nil)}, nil
	}
	for _, log := range []*wal.Log{j.Lanes.Live, j.Lanes.Replay, j.Lanes.Sends} {
		if _, err := log.Rewrite(ctx, change); err != nil {
			return err
		}
	}
	for _, lane := range wal.LaneNames {
		if damaged, _ := os.ReadDir(filepath.Join(j.LogDir, lane, "quarantine")); len(damaged) > 0 {
			j.notes = append(j.notes, fmt.Sprintf("the quarantine of lane %s cannot be searched: delete log/%s/quarantine", lane, lane))
		}
	}
	return nil
}

// keep returns the lines of a body that name none of the persons, their number, and the number of erased lines.
func (j *job) keep(text []byte) (kept []byte, lines uint32, erased int) {
	for line := range bytes.Lines(text) {
		if j.persons.Named(line) {
			erased++
			continue
		}
		kept = append(kept, line...)
		if len(bytes.TrimSpace(line)) > 0 {
			lines++
		}
	}
	return kept, lines, erased
}

func (j *job) archive(ctx context.Context) error {
	if j.Archive == nil {
		if had, _ := filepath.Glob(filepath.Join(j.LogDir, "archive", "*.json")); len(had) > 0 {
			j.notes = append(j.notes, "this glint has kept an archive before, which was not searched")
		}
		return nil
	}
	lines, files, err := archiver.Erase(ctx, j.Archive, j.persons.Named)
	j.Counts.ArchiveLines, j.Counts.ArchiveFiles = j.Counts.ArchiveLines+lines, j.Counts.ArchiveFiles+files
	return err
}

func (j *job) letters(context.Context) error {
	n, err := j.Letters.Erase(j.persons.Named)
	j.Counts.DeadLetters += n
	return err
}

// webhook deletes the webhook's events. It runs after the tables, from which the webhook reads.
func (j *job) webhook(context.Context) error {
	n, err := j.Feed.Erase(j.persons.Named)
	j.Counts.WebhookEvents += n
	return err
}

// maxRounds is the maximum number of deletions of rows that come back.
const maxRounds = 10

func (j *job) tables(ctx context.Context) error {
	counts, err := j.empty(ctx, j.Warehouse, j.awaitRuns)
	for table, rows := range counts {
		j.Counts.Rows[table] += rows
	}
	return err
}

// empty deletes the rows of the persons from the tables of a warehouse, and returns their
// numbers by table. It calls calm between two rounds.
func (j *job) empty(ctx context.Context, w *warehouse.Warehouse, calm func(context.Context) error) (counts map[string]uint64, err error) {
	counts = map[string]uint64{}
	var events []uint64
	err = w.EachText(ctx, func(_ string, row warehouse.TextRow) {
		if j.persons.Named([]byte(row.Text)) {
			events = append(events, row.EventID)
		}
	})
	if err != nil {
		return counts, err
	}
	if err := w.EraseEvents(ctx, events); err != nil {
		return counts, err
	}
	if err := w.SyncMerges(ctx, warehouse.ErasedTables); err != nil {
		return counts, err
	}
	for round := 0; ; round++ {
		left, err := w.ErasingRows(ctx)
		if err != nil {
			return counts, err
		}
		any := false
		for _, table := range warehouse.ErasedTables {
			if left[table] == 0 {
				continue
			}
			any = true
			counts[table] += left[table]
			if err := w.EraseRows(ctx, table); err != nil {
				return counts, err
			}
		}
		if !any {
			break
		}
		if round == maxRounds {
			return counts, errors.New("rows come back again and again")
		}
		if err := calm(ctx); err != nil { // a run that began meanwhile may have read the rows before
			return counts, err
		}
	}
	var campaigns []uint64
	seen := map[uint64]bool{}
	for _, ref := range j.refs {
		if !seen[ref.CampaignID] {
			seen[ref.CampaignID] = true
			campaigns = append(campaigns, ref.CampaignID)
		}
	}
	return counts, w.Touched(ctx, campaigns)
}

// partPatience is the additional wait after the lifetime of replaced parts.
const partPatience = 2 * time.Minute

func (j *job) parts(ctx context.Context) error {
	if j.SyncDisk != nil {
		if err := j.SyncDisk(); err != nil {
			return err
		}
	}
	return j.Warehouse.DropOldParts(ctx, warehouse.ErasedTables, j.Lifetime, partPatience)
}

// refuse records a refusal for each person, by keyed hash only, and empties the table
// erasing.
func (j *job) refuse(ctx context.Context) error {
	if j.Book != nil {
		changes := make([]consent.Change, len(j.keys))
		for i, key := range j.keys {
			changes[i] = consent.Change{Recipient: key, Purpose: consent.PurposeOpens, Choice: warehouse.Withdrawn, DecidedAt: j.RequestedAt, Method: "erasure"}
		}
		recorder := consent.Recorder{Warehouse: j.Warehouse, Book: j.Book, Fate: warehouse.FateDrop}
		if _, err := recorder.Record(ctx, changes); err != nil {
			return err
		}
	}
	return end(ctx, j.Warehouse)
}

// end empties the table erasing of a warehouse. It returns an error if rows have come back,
// for example through a move that had begun before.
func end(ctx context.Context, w *warehouse.Warehouse) error {
	left, err := w.ErasingRows(ctx)
	if err != nil {
		return err
	}
	for table, rows := range left {
		if rows > 0 {
			return fmt.Errorf("%d rows have come back into %s", rows, table)
		}
	}
	return w.EndErasing(ctx)
}

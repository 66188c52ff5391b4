package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/urfave/cli/v2"

	"ivyvault/chunk"
	"ivyvault/sources/axonserver/segment"
	"ivyvault/sources/axonserver/store"
)

func axonEventsCommand() *cli.Command {
	var p axonPlace
	var q store.Query
	return &cli.Command{
		Name:      "events",
		Usage:     "print events out of segments as lines of JSON",
		ArgsUsage: "PATH",
		Description: `Prints the events of one aggregate, or those from one token to another, each a
line of JSON with its payload in base64. An event is printed only after the
checksum of its block was found right; what is damaged or missing is named on
standard error, the rest is printed, and the exit code is then 13.

Example:
  ivyvault axon events /srv/axonserver/events --aggregate order-002393
  ivyvault axon events --snapshot latest:/srv/axonserver/events --from 12000 --to 12999 > events.jsonl`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "aggregate", Usage: "only events of the aggregate with this `ID`"},
			&cli.Int64Flag{Name: "from", Usage: "begin with `TOKEN` (otherwise with the first)"},
			&cli.Int64Flag{Name: "to", Usage: "end with `TOKEN`, included (otherwise with the last)"},
			&cli.BoolFlag{Name: "snapshots", Usage: "print snapshots instead of events; their tokens are of their own"},
			&cli.StringFlag{Name: "context", Usage: "read the context of this `NAME`, where there are several"},
		}, axonPlaceFlags()...),
		Before: func(c *cli.Context) (err error) {
			q = store.Query{Aggregate: c.String("aggregate"), From: c.Int64("from"), To: -1}
			if c.Bool("snapshots") {
				q.Kind = segment.Snapshots
			}
			if c.IsSet("to") {
				q.To = c.Int64("to")
			}
			switch {
			case q.Aggregate == "" && !c.IsSet("from") && !c.IsSet("to"):
				return usageError("axon events", "say which events: --aggregate ID, or --from TOKEN and --to TOKEN")
			case q.From < 0 || c.IsSet("to") && q.To < q.From:
				return usageError("axon events", "tokens are counted from 0, and --to is not below --from")
			}
			p, err = readAxonPlace(c, "axon events")
			return err
		},
		Action: func(c *cli.Context) error {
			g, out, err := begin(c)
			if err != nil {
				return err
			}
			return p.with(c.Context, g, out, func(fsys fs.FS) error { return runAxonEvents(c, out, fsys, q) })
		},
	}
}

func runAxonEvents(c *cli.Context, out *console, fsys fs.FS, q store.Query) error {
	found, err := store.Find(c.Context, fsys)
	if err != nil {
		return err
	}
	where, err := chooseContext(found, c.String("context"))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out.out, 256<<10)
	var printed, damages, unread int64
	for e, err := range where.Read(c.Context, fsys, q) {
		var wrong *store.FileError
		switch {
		case err == nil:
			printed++
			if err := printJSON(w, newEventLine(where.Name, &e)); err != nil {
				return err
			}
			continue
		case !errors.As(err, &wrong):
			return errors.Join(err, w.Flush())
		}
		var d *segment.Damage
		var gap *store.GapError
		if errors.As(err, &d) || errors.As(err, &gap) || errors.Is(err, chunk.ErrDamaged) {
			damages++
		} else {
			unread++
		}
		out.finding(wrong.Path, wrong.Err.Error())
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case damages > 0:
		return &chunk.DamageError{What: "the event store", How: plural(damages+unread, "thing", "things") + " found, as named above; events may be missing among those printed"}
	case unread > 0:
		return &incompleteError{plural(unread, "segment", "segments") + " can't be read, as named above; events may be missing among those printed"}
	case printed == 0:
		out.notice("", "no such "+strings.TrimSuffix(q.Kind.String(), "s")+" is in context "+where.Name)
	}
	return nil
}

// chooseContext returns the context of the name, or the only one.
func chooseContext(s *store.Store, name string) (*store.Context, error) {
	var names []string
	for i := range s.Contexts {
		c := &s.Contexts[i]
		if c.Name == name || name == "" && len(s.Contexts) == 1 {
			return c, nil
		}
		names = append(names, c.Name)
	}
	if name == "" {
		return nil, fmt.Errorf("there are several contexts: choose one with --context: %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("there is no context %q: those that are there: %s", name, strings.Join(names, ", "))
}

// eventLine is an event as JSON.
type eventLine struct {
	Context         string                     `json:"context"`
	Token           int64                      `json:"token"`
	File            string                     `json:"file"`
	FileB64         string                     `json:"file_b64,omitempty"`
	Offset          int64                      `json:"offset"`
	ID              string                     `json:"id"`
	Aggregate       string                     `json:"aggregate,omitempty"`
	Sequence        int64                      `json:"sequence"`
	AggregateType   string                     `json:"aggregate_type,omitempty"`
	Time            string                     `json:"time"`
	Timestamp       int64                      `json:"timestamp_ms"`
	Snapshot        bool                       `json:"snapshot"`
	PayloadType     string                     `json:"payload_type"`
	PayloadRevision string                     `json:"payload_revision,omitempty"`
	Payload         []byte                     `json:"payload"`
	PayloadText     string                     `json:"payload_text,omitempty"`
	MetaData        map[string]json.RawMessage `json:"metadata,omitempty"`
}

func newEventLine(context string, f *store.Found) eventLine {
	e := &f.Event
	l := eventLine{Context: context, Token: f.Token, Offset: f.Offset, ID: e.ID, Aggregate: e.Aggregate, Sequence: e.Sequence, AggregateType: e.AggregateType,
		Time: time.UnixMilli(e.Timestamp).UTC().Format(time.RFC3339Nano), Timestamp: e.Timestamp, Snapshot: e.Snapshot,
		PayloadType: e.Payload.Type, PayloadRevision: e.Payload.Revision, Payload: e.Payload.Data}
	l.File, l.FileB64 = jsonPath(f.File)
	if l.Payload == nil {
		l.Payload = []byte{}
	}
	if utf8.Valid(l.Payload) {
		l.PayloadText = string(l.Payload)
	}
	for k, v := range e.MetaData {
		if l.MetaData == nil {
			l.MetaData = map[string]json.RawMessage{}
		}
		l.MetaData[k] = metaValue(v)
	}
	return l
}

// metaValue shows a value of the meta data; what JSON has no number for is text.
func metaValue(v any) json.RawMessage {
	switch x := v.(type) {
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			v = fmt.Sprint(x)
		}
	case segment.Object:
		v = struct {
			Type     string `json:"type"`
			Revision string `json:"revision,omitempty"`
			Data     []byte `json:"data"`
		}{x.Type, x.Revision, x.Data}
	}
	var b strings.Builder
	_ = printJSON(&b, v) // a Builder never fails, and these values always encode
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n"))
}

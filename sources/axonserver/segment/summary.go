package segment

import "fmt"

// State says how a segment ends.
type State uint8

// The states. Only a whole segment is Open or Closed.
const (
	Broken State = iota // the blocks could not be followed to an end mark
	Open                // the end mark is 0
	Closed              // the end mark is -1
)

func (s State) String() string {
	return [...]string{"broken", "open", "closed"}[s]
}

// Cause is what sort of damage was found.
type Cause string

// The causes.
const (
	BadHeader   Cause = "header"   // the file doesn't begin as a segment does
	BadFlags    Cause = "flags"    // the file says that its events are stored in another way
	BadBlock    Cause = "block"    // no block begins where one should
	BadLengths  Cause = "lengths"  // the lengths of the events don't add up to the block's
	BadCount    Cause = "count"    // a block holds another count of events than it says
	BadChecksum Cause = "checksum" // the events don't have the checksum that stands behind them
	BadEvent    Cause = "event"    // an event can't be decoded
	Short       Cause = "short"    // the file ends inside a block, or without an end mark
	Leftover    Cause = "leftover" // the bytes behind the end mark aren't zero
)

// Damage is one thing that is wrong in a segment.
type Damage struct {
	Cause  Cause
	Offset int64 // in bytes from the beginning of the file: of the block, or of the first wrong byte behind the end mark
	What   string
}

func (d *Damage) Error() string { return fmt.Sprintf("at byte %d: %s", d.Offset, d.What) }

// mostDamages bounds the list in a Summary.
const mostDamages = 16

// Summary is what a Verifier found out about a segment.
type Summary struct {
	First  int64 // token of the first event: the segment's number
	Events int64 // in all blocks that were found, wrong ones too
	Blocks int64 // that were read to their end
	Size   int64 // of the file, in bytes
	State  State

	// End is the offset behind the last block of the unbroken run of proven
	// blocks at the beginning of the file; 0 where the file's header is wrong.
	// Proven is the count of events up to there.
	End    int64
	Proven int64
	Behind int64 // proven blocks that follow one which is wrong

	bare bool // the file was cut, or goes on with zeros where a block's head should stand

	Damages []Damage // the first of them, in the order of the file
	More    int64    // how many others there are
}

// Next is the token that follows the last event: the number of the next segment.
func (s *Summary) Next() int64 { return s.First + s.Events }

// Whole reports whether nothing is wrong.
func (s *Summary) Whole() bool { return len(s.Damages) == 0 }

// Torn reports whether what is wrong may be a write that was not finished, or a
// copy that was made while the server wrote: no proven block follows, and either
// the end mark was found, or the place shows nothing but a cut or zeros.
// Otherwise something that was written once has changed, and good blocks may
// follow a place that can't be followed further.
func (s *Summary) Torn() bool {
	return !s.Whole() && s.End > 0 && s.Behind == 0 && (s.State != Broken || s.bare)
}

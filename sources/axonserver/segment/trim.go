package segment

import (
	"io"
)

// stopped ends a verification whose caller wants no more.
type stopped struct{}

func (stopped) Error() string { return "stopped" }

var errStop error = stopped{}

// Trim returns a segment as a server can safely open it: what is proven, byte
// for byte, and zeros behind it, up to the length that the file had. s is what a
// Verifier found in r, and s.End must be above 0. length is the file's length
// before somebody cut it; where it is not known, 0 leaves the length as it is. An
// end mark is always there, though a file that was cut has none.
//
// That is a prefix in time: no event comes before one that is kept. Whether
// events were lost is for s to say: where s.Torn() is false, or the segment was
// closed once, a trimmed copy hides damage.
//
// r may be a file that a server writes to: what was proven is never written
// again. Who wants to be sure verifies what comes out of Trim once more.
func Trim(r io.ReaderAt, s Summary, length int64) (io.Reader, int64) {
	keep := s.End
	if s.State == Closed && s.Behind == 0 && onlyLeftover(&s) {
		keep += markSize
	}
	length = max(length, s.Size, s.End+markSize)
	return io.MultiReader(io.NewSectionReader(r, 0, keep), io.LimitReader(zeros{}, length-keep)), length
}

// onlyLeftover reports whether all blocks are proven, up to the end mark.
func onlyLeftover(s *Summary) bool {
	for _, d := range s.Damages {
		if d.Cause != Leftover {
			return false
		}
	}
	return true
}

// zeros never ends.
type zeros struct{}

var _ io.Reader = zeros{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

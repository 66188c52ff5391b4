package tree

// Whether a content is dense is guessed from samples of it: a few windows, away
// from the beginning, where formats of compressed data have headers of text.
const (
	denseWindows = 4
	denseWindow  = 128
	denseLeast   = 64 // bytes; less tells nothing, and does no harm
)

// isDense reports whether content looks compressed or encrypted, so that
// compressing it would save nothing: whether two of its bytes, chosen at random,
// are about as rarely the same as in noise, one time in 256. In text that is one
// time in 15, in base64 one in 64. The answer depends on the content alone.
func isDense(content []byte) bool {
	if len(content) < denseLeast {
		return false
	}
	var counts [256]uint32
	n := 0
	if len(content) <= denseWindows*denseWindow {
		n = tally(&counts, content)
	} else {
		step := (len(content) - denseWindow) / denseWindows
		for i := 1; i <= denseWindows; i++ {
			n += tally(&counts, content[i*step:i*step+denseWindow])
		}
	}
	same := 0 // ordered pairs of bytes that are the same
	for _, c := range counts {
		same += int(c) * (int(c) - 1)
	}
	return same*128 < n*(n-1)
}

func tally(counts *[256]uint32, p []byte) int {
	for _, b := range p {
		counts[b]++
	}
	return len(p)
}

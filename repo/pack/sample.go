package pack

// minSample is the frame length below which trying is as cheap as guessing.
const minSample = 16 << 10

// incompressible guesses whether compressing p would be in vain: it looks at
// eight samples of 512 bytes, spread over p. In noise the 256 values of a byte
// are equally frequent, so the sum of the squares of their counts is near
// n + n²/256; text, tables and programs lie far above. It may call data
// compressible that is not, which costs time only, or miss repeats of
// something that by itself looks like noise, which costs space only.
func incompressible(p []byte) bool {
	const samples, length = 8, 512
	var counts [256]uint16
	step := (len(p) - length) / (samples - 1)
	for i := range samples {
		for _, b := range p[i*step:][:length] {
			counts[b]++
		}
	}
	sum := 0
	for _, n := range counts {
		sum += int(n) * int(n)
	}
	const n = samples * length
	return sum < n+n*n/256+n*n/4096
}

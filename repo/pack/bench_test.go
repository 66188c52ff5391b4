package pack

import (
	"math/rand/v2"
	"testing"

	"ivyvault/chunk"
)

const mib = 1 << 20

func benchData(b *testing.B) map[string][]byte {
	r := rand.New(rand.NewPCG(1, 1))
	return map[string][]byte{"text": text(r, mib), "noise": noise(r, mib), "deflated": deflated(b, mib)}
}

// BenchmarkAdd compresses and seals chunks of one MiB into packs of 16 MiB.
func BenchmarkAdd(b *testing.B) {
	aead := testCipher(b)
	for name, p := range benchData(b) {
		ref, hashes := testKeys.Name(chunk.Data, p, nil)
		for _, level := range Levels() {
			b.Run(name+"/"+level, func(b *testing.B) {
				codec := testCodec(b, level)
				buf := make([]byte, 0, 16*mib)
				builder := NewBuilder(testHeader(DataPack), aead, DataPack, buf)
				var s Scratch
				stored := 0
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					frames := codec.Frames(&s, p, hashes)
					ok, err := builder.Add(ref, frames)
					if err != nil {
						b.Fatal(err)
					}
					if !ok {
						if _, err := builder.Finish(); err != nil {
							b.Fatal(err)
						}
						builder = NewBuilder(testHeader(DataPack), aead, DataPack, buf)
					}
					stored = 0
					for i := range frames {
						stored += len(frames[i].Data) + tagSize
					}
				}
				b.ReportMetric(float64(len(p))/float64(stored), "ratio")
			})
		}
	}
}

// BenchmarkCompress compresses single frames. What can't be compressed must
// cost little beside its hashing.
func BenchmarkCompress(b *testing.B) {
	for name, p := range benchData(b) {
		p = p[:chunk.FrameSize]
		for _, level := range Levels()[1:] {
			codec := testCodec(b, level)
			dst := make([]byte, 0, codec.bound(len(p)))
			b.Run(name+"/"+level, func(b *testing.B) {
				b.SetBytes(int64(len(p)))
				b.ReportAllocs()
				for b.Loop() {
					codec.Compress(dst, p)
				}
			})
		}
	}
}

// BenchmarkOpen opens whole chunks of one MiB and single frames of them.
func BenchmarkOpen(b *testing.B) {
	aead := testCipher(b)
	codec := testCodec(b, "default")
	for name, p := range benchData(b) {
		builder := NewBuilder(testHeader(DataPack), aead, DataPack, nil)
		var s Scratch
		ref, _ := add(b, builder, codec, &s, chunk.Data, p)
		img, err := builder.Finish()
		if err != nil {
			b.Fatal(err)
		}
		o, err := openImage(img.Bytes, aead, codec)
		if err != nil {
			b.Fatal(err)
		}
		for _, part := range []struct {
			name string
			a, b int
		}{{"chunk", 0, ref.Frames()}, {"frame", 3, 4}} {
			b.Run(name+"/"+part.name, func(b *testing.B) {
				dst := make([]byte, 0, mib+slack)
				b.SetBytes(int64(part.b-part.a) * chunk.FrameSize)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := o.frames(dst, 0, part.a, part.b); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkOpenTable opens the table of a pack of 800 pages.
func BenchmarkOpenTable(b *testing.B) {
	aead := testCipher(b)
	codec := testCodec(b, "off")
	builder := NewBuilder(testHeader(TreePack), aead, TreePack, make([]byte, 0, mib))
	r := rand.New(rand.NewPCG(2, 2))
	var s Scratch
	for range 800 {
		add(b, builder, codec, &s, chunk.Page, noise(r, 100))
	}
	img, err := builder.Finish()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	held := 0
	for b.Loop() {
		o, err := openImage(img.Bytes, aead, codec)
		if err != nil {
			b.Fatal(err)
		}
		held = o.table.Bytes()
	}
	b.ReportMetric(float64(held), "held-B")
}

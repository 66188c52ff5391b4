// Package report keeps what was measured and says what it means.
//
// A Record is one measurement, a line of JSON. A Row is a line of the table:
// what is measured, whether less is better, and the bar that is to be reached.
// Ratios are of pairs measured in the same round; medians are taken of ratios.
package report

// Row is one thing that is measured on one set of data.
type Row struct {
	Name string // of the set and the work, with a dot between
	Text string
	Unit string
	More bool // more is better
	Bar  Bar
}

// Bar is what IvyVault is to reach. Zero fields ask for nothing.
type Bar struct {
	Times float64 // as good as the best rival, so many times
	Most  float64 // in the row's unit, whatever rivals do
	Key   bool    // no slower than the best rival plus opening a repository, row "mixed.open"
}

// Rows returns the rows of the table in its order.
func Rows() []Row {
	const noLarger = 1 / 1.02
	return []Row{
		{"mixed.first", "first backup", "s", false, Bar{Times: 1.8}},
		{"mixed.size", "repository after it", "MB", false, Bar{Times: noLarger}},
		{"mixed.memory", "peak memory of the first backup", "MB", false, Bar{Most: 130}},
		{"mixed.open", "open the repository", "s", false, Bar{}},
		{"mixed.unchanged", "unchanged backup", "s", false, Bar{Key: true}},
		{"mixed.restore", "restore", "s", false, Bar{Times: 2}},
		{"mixed.check", "check, all data", "s", false, Bar{Times: 1.5}},
		{"mixed.mounted", "mount: until it is there", "s", false, Bar{}},
		{"mixed.listing", "mount: first listing", "ms", false, Bar{Most: 50}},
		{"mixed.cold", "mount: sequential, cold", "MB/s", true, Bar{Times: 3}},
		{"mixed.warm", "mount: sequential, again", "MB/s", true, Bar{}},
		{"mixed.p50", "mount: random 4 KiB, p50", "ms", false, Bar{Times: 4}},
		{"mixed.p99", "mount: random 4 KiB, p99", "ms", false, Bar{}},
		{"mixed.mountmemory", "mount: peak memory", "MB", false, Bar{Most: 140}},
		{"mixed.day2", "day 2", "s", false, Bar{Times: 1.8}},
		{"mixed.adds", "day 2 adds", "MB", false, Bar{Times: 1}},
		{"mixed.prune", "forget + prune", "s", false, Bar{Times: 1.5}},
		{"mixed.pruned", "repository after it", "MB", false, Bar{}},

		{"tiny.first", "first backup", "s", false, Bar{Times: 1.8}},
		{"tiny.size", "repository after it", "MB", false, Bar{Times: noLarger}},
		{"tiny.memory", "peak memory of the first backup", "MB", false, Bar{Most: 130}},
		{"tiny.unchanged", "unchanged backup", "s", false, Bar{Times: 1.3}},
		{"tiny.restore", "restore", "s", false, Bar{Times: 1.5}},
		{"tiny.check", "check, all data", "s", false, Bar{Times: 1.5}},
		{"tiny.listing", "mount: first listing", "ms", false, Bar{Most: 50}},
		{"tiny.names", "mount: find by names", "s", false, Bar{Times: 4}},
		{"tiny.stat", "mount: find with a stat of each", "s", false, Bar{Times: 4}},
		{"tiny.small", "mount: small files by one reader", "1/s", true, Bar{Times: 2.5}},
		{"tiny.small8", "mount: small files by eight readers", "1/s", true, Bar{}},
		{"tiny.mountmemory", "mount: peak memory", "MB", false, Bar{Most: 140}},

		{"flat.first", "first backup", "s", false, Bar{Times: 1.8}},
		{"flat.size", "repository after it", "MB", false, Bar{Times: noLarger}},
		{"flat.memory", "peak memory of the first backup", "MB", false, Bar{Most: 130}},
		{"flat.unchanged", "unchanged backup", "s", false, Bar{Times: 1.3}},
		{"flat.unchangedmemory", "peak memory of the unchanged backup", "MB", false, Bar{Most: 130}},
		{"flat.one", "with one file changed", "s", false, Bar{}},
		{"flat.adds", "what that adds", "MB", false, Bar{Most: 0.3}},
		{"flat.listing", "mount: first listing", "ms", false, Bar{Most: 200}},
		{"flat.names", "mount: find by names", "s", false, Bar{Times: 4}},
		{"flat.stat", "mount: find with a stat of each", "s", false, Bar{Times: 10}},
		{"flat.mountmemory", "mount: peak memory", "MB", false, Bar{Most: 140}},

		{"many.listing", "mount: first listing", "ms", false, Bar{Most: 50}},
	}
}

// Sets names the sets of data and says what they are.
func Sets() []struct{ Name, Text string } {
	return []struct{ Name, Text string }{
		{"mixed", "mixed files"},
		{"tiny", "tiny files in many directories"},
		{"flat", "one directory of tiny files"},
		{"many", "many snapshots"},
	}
}

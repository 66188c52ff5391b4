package discover_test

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"ivyvault/system/discover"
	"ivyvault/system/discover/axonserver"
	"ivyvault/system/discover/discovertest"
	"ivyvault/system/discover/flowable"
	"ivyvault/system/discover/ivy"
	"ivyvault/system/discover/settings"
	"ivyvault/system/discover/tree"
	"ivyvault/system/discover/wso2"
)

func engines() []discover.Engine {
	return []discover.Engine{ivy.Engine{}, axonserver.Engine{}, wso2.Engine{}, flowable.Engine{}}
}

// Whatever one file of an installation holds, there is a proposal or a
// sentence, and no secret in either.
func TestHostileFiles(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for _, engine := range []string{"ivy", "flowable", "axonserver", "wso2"} {
		for _, c := range discovertest.Cases(t, filepath.Join(engine, "testdata")) {
			for _, file := range c.Files() {
				text := c.Text(file)
				noise := make([]byte, 300)
				for i := range noise {
					noise[i] = byte(r.UintN(256))
				}
				flipped := []byte(text)
				for range min(len(flipped), 3) {
					flipped[r.IntN(len(flipped))] ^= byte(1 << r.UintN(8))
				}
				others := []string{
					"", "\x00", "[", "{", "<a", "= ", "%s%n", string(noise), string(flipped), text[:r.IntN(len(text)+1)], text + text,
					strings.Repeat("[", 5000), strings.Repeat("a: &a\n  b: *a\n", 50), "${${${${a}}}}", "x: ${x}\nx=${x}",
				}
				r.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
				others = others[:4]
				if r.UintN(16) == 0 {
					others = append(others, strings.Repeat("x", tree.Most+1))
				}
				for _, other := range others {
					list, out, err := c.With(file, other).Run(engines())
					if err == nil && len(list) == 0 {
						t.Errorf("%s/%s: %s: nothing at all", engine, c.Name, file)
					}
					if err != nil && !strings.HasPrefix(err.Error(), "/") && !strings.Contains(err.Error(), "engine.env:") {
						t.Errorf("%s/%s: %s: %v", engine, c.Name, file, err)
					}
					if strings.Contains(out, "geheim") || err != nil && strings.Contains(err.Error(), "geheim") {
						if !strings.Contains(other, "geheim") || other == text+text { // a broken file may make a secret look like a name
							t.Errorf("%s/%s: with %s as %.40q a secret is told", engine, c.Name, file, other)
						}
					}
				}
			}
		}
	}
}

func TestWhatIsNoInstallation(t *testing.T) {
	tr := tree.New(fstest.MapFS{"empty/x/y": &fstest.MapFile{}, "file": &fstest.MapFile{}})
	for path, want := range map[string]string{"/empty": "shows no engine", "/none": "does not exist", "/file": "", "/empty/x": "shows no engine"} {
		_, err := discover.Run(t.Context(), engines(), discover.Options{Paths: []string{path}, Tree: tr})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
	_, err := discover.Run(t.Context(), engines(), discover.Options{Paths: []string{"/empty"}, Tree: tr, Type: "jboss"})
	if err == nil || !strings.Contains(err.Error(), "jboss") {
		t.Error(err)
	}
	var nothing *discover.NothingError
	if _, err = discover.Run(t.Context(), engines(), discover.Options{Paths: []string{"/empty"}, Tree: tr}); !errors.As(err, &nothing) || len(nothing.Types) != 4 {
		t.Error(err)
	}
}

// A variable of some engine doesn't make every path that engine.
func TestVariablesShowNoEngine(t *testing.T) {
	tr := tree.New(fstest.MapFS{"x/y": &fstest.MapFile{}})
	env := settings.FromMap(map[string]string{"FLOWABLE_HOME": "/f", "IVY_SYSTEMDB_URL": "jdbc:h2:mem:", "AXONIQ_AXONSERVER_NAME": "a", "SPRING_DATASOURCE_URL": "jdbc:h2:mem:"})
	if list, err := discover.Run(t.Context(), engines(), discover.Options{Paths: []string{"/x"}, Tree: tr, Env: env}); err == nil {
		t.Errorf("found %s", list[0].Type.Text)
	}
}

// A path that is given twice, or once more by a link, is no cluster.
func TestOnePathTwice(t *testing.T) {
	for _, c := range discovertest.Cases(t, filepath.Join("ivy", "testdata")) {
		if c.Name == "cluster" {
			c.Paths = []string{"/nodes/n1/ivy", "/nodes/n1/ivy/", "/nodes/n1/../n1/ivy"}
			list, _, err := c.Run(engines())
			if err != nil || len(list) != 1 || len(list[0].Nodes) != 0 {
				t.Errorf("%v %v", list, err)
			}
		}
	}
}

package ivy

import (
	"strings"
	"testing"

	"ivyvault/system/discover"
	"ivyvault/system/discover/discovertest"
)

func TestProposals(t *testing.T) {
	discovertest.Golden(t, []discover.Engine{Engine{}}, "testdata")
}

func TestEveryKeyCounts(t *testing.T) {
	discovertest.Mutate(t, []discover.Engine{Engine{}}, "testdata", discovertest.Irrelevant{
		`^ivy/configuration/ivy.yaml SystemDb\.UserName$`:       "a variable goes before it",
		`^ivy/configuration/ivy.yaml SystemDb\.Password$`:       "a variable goes before it",
		`opensearch\.yml cluster\.name$`:                        "the address tells which server it is",
		`Node\.Name$`:                                           "each node has its own, by the vendor's words",
		`\.lic (c2VhbGVk|x|signature)$`:                         "what a licence holds beside dates and holder is the vendor's own",
		`release IMPLEMENTOR$`:                                  "the version counts",
		`reference/ivy.yaml`:                                    "the vendor's documentation, not read by the engine",
		`(KeystorePass|KeyPass|(Keystore|Truststore)Password)$`: "goes along with the captured configuration; no keystore is opened",
		`(Connection|crm)\.Password$`:                           "of a server that is only named as uncovered",
		`^env IVY_LICENCE$`:                                     "the licence itself",
	})
}

// The five rules of the vendor's cluster page are told of three nodes, each
// difference by the names of the nodes.
func TestClusterRules(t *testing.T) {
	for _, c := range discovertest.Cases(t, "testdata") {
		if c.Name != "cluster" {
			continue
		}
		list, text, err := c.Run([]discover.Engine{Engine{}})
		if err != nil || len(list) != 1 {
			t.Fatal(len(list), err)
		}
		if len(list[0].Nodes) != 3 || len(list[0].Checks) != 3 {
			t.Errorf("%d nodes, %d checks", len(list[0].Nodes), len(list[0].Checks))
		}
		for _, c := range list[0].Checks {
			if c.OK || !strings.Contains(c.Said+strings.Join(list[0].Differences, " "), "n3") {
				t.Errorf("%s: %v %s", c.Rule, c.OK, c.Said)
			}
		}
		for _, want := range []string{"only on the node where it is made", "nothing may be deployed"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not told", want)
			}
		}
		c.Paths = c.Paths[:2] // these two share all but data
		list, _, err = c.Run([]discover.Engine{Engine{}})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list[0].Checks {
			if !c.OK {
				t.Errorf("n1 and n2 agree, but: %s: %s", c.Rule, c.Said)
			}
		}
		names := map[string]bool{}
		for _, d := range list[0].Directories {
			names[d.Name] = true
		}
		for _, want := range []string{"configuration", "applications", "n1-data", "n2-data"} {
			if !names[want] {
				t.Errorf("no folder %s: %v", want, names)
			}
		}
		return
	}
	t.Fatal("no case cluster")
}

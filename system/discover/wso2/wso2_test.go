package wso2

import (
	"slices"
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
		`pool_options`: "how many connections the server keeps is captured with its configuration",
		`wso2is-6.1.0/.*database\.identity_db\.type$`: "the URL says it",
		`keystore\.primary\.password$`:                "goes along with the captured configuration; no keystore is opened",
		`opt/wso2is/.*database\.shared_db\.password$`: "of a database that another declaration reaches",
		`master-datasources.xml .*driverClassName$`:   "the URL says it",
		`ConnectionPassword$`:                         "of a server that is only named as uncovered",
		`encryption\.key$`:                            "a secret: that it is set is told",
		`master-datasources.xml name$`:                "only the XML's own parts look a datasource up by it; its other name is told",
		`master-datasources.xml password$`:            "of a database that another declaration reaches, or a stand-in for what the vault holds",
	})
}

// Where two forms name one database it is captured once.
func TestMerged(t *testing.T) {
	for _, c := range discovertest.Cases(t, "testdata") {
		list, _, err := c.Run([]discover.Engine{Engine{}})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{"forms": {"identity", "wso2consent", "bps"}, "default-h2": {"identity", "shared", "wso2sessiondb", "agentidentity", "carbon"}, "old-xml": {"wso2-identity", "wso2-carbon"}}[c.Name]
		var got []string
		for _, d := range list[0].Databases {
			got = append(got, d.Name)
			if len(d.Declared) > 1 && !strings.Contains(strings.Join(d.Notes, " "), "uses it as") {
				t.Errorf("%s: that %s is used by two users is not told: %v", c.Name, d.Name, d.Notes)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: databases %v, want %v", c.Name, got, want)
		}
	}
}

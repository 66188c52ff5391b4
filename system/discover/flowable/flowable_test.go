package flowable

import (
	"testing"

	"ivyvault/system/discover"
	"ivyvault/system/discover/discovertest"
)

func TestProposals(t *testing.T) {
	discovertest.Golden(t, []discover.Engine{Engine{}}, "testdata")
}

func TestEveryKeyCounts(t *testing.T) {
	discovertest.Mutate(t, []discover.Engine{Engine{}}, "testdata", discovertest.Irrelevant{
		`flowable.war!/`: "the container has unpacked it: the folder counts",
		`c2VhbGVk`:       "a sealed licence",
		`srv/app/application.properties spring.datasource.password$`:      "an empty password is none",
		`keystore\.password$|key-store-password$`:                         "goes along with the captured configuration; no keystore is opened",
		`flowable\.process\.servlet\.path$`:                               "where REST calls go; health is asked elsewhere",
		`work\.jar!/.* flowable\.content\.storage\.root-folder$`:          "files beside the jar go before it",
		`config/application\.yml flowable\.indexing\.index-name-prefix$`:  "a variable goes before it",
		`config/application\.yml spring\.config\.activate\.on-profile$`:   "TestOrder and TestDocumentsAndImports of package spring change it",
		`config/application\.yml flowable\.content\.storage\.rootFolder$`: "two profiles: one holds and one doesn't; TestProfiles changes it",
	})
}

// A profile decides where content lies.
func TestProfiles(t *testing.T) {
	for _, c := range discovertest.Cases(t, "testdata") {
		if c.Name != "work-prod" {
			continue
		}
		for profile, want := range map[string]string{"prod": "/srv/flowable/content", "dev": "/dev-content", "none": "/inside/the/jar"} {
			list, _, err := c.With("env", "DB_PASSWORD=x\nSPRING_PROFILES_ACTIVE="+profile+"\n").Run([]discover.Engine{Engine{}})
			if err != nil {
				t.Fatal(err)
			}
			if got := list[0].Documents[0].Fields[0].Text; got != want {
				t.Errorf("profile %s: content lies in %s, want %s", profile, got, want)
			}
		}
		return
	}
	t.Fatal("no case work-prod")
}

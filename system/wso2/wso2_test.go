package wso2

import (
	"strings"
	"testing"

	"ivyvault/sources/h2"
)

func TestAnswer(t *testing.T) {
	for _, c := range []struct {
		status     int
		body       string
		said, fail string
	}{
		{200, `{"health":[{"key":"a.connectivityTime.ms","value":"3"},{"key":"b","value":1}]}`, "2 things", ""},
		{200, `{"health":[]}`, "0 things", ""},
		{200, "", "", "without having looked"},
		{200, "<html>", "", "without having looked"},
		{200, "{}", "", "without having looked"},
		{200, `{"health":[],"errors":[{"code":"HC_1","message":"no connection","description":"IDENTITY_DB"}]}`, "", "HC_1 no connection IDENTITY_DB"},
		{503, `{"errors":[{"code":"HC_2","message":"user store"}]}`, "", "HC_2 user store"},
		{503, "x", "", "status 503"},
		{404, `{"health":[]}`, "", "status 404"},
	} {
		said, err := Answer(c.status, []byte(c.body))
		if !strings.Contains(said, c.said) || (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%d %s: %q, %v", c.status, c.body, said, err)
		}
	}
}

func TestEmbedded(t *testing.T) {
	for url, want := range map[string][2]bool{
		"jdbc:h2:./repository/database/WSO2CARBON_DB;DB_CLOSE_ON_EXIT=FALSE": {true, true},
		"jdbc:h2:./repository/database/wso2carbon_db;AUTO_SERVER=TRUE":       {false, true},
		"jdbc:h2:/x/WSO2SHARED_DB":                                           {true, false},
		"jdbc:h2:tcp://db/x":                                                 {false, false},
	} {
		c := &h2.Config{URL: url}
		if got := [2]bool{Embedded(c), Registry(c)}; got != want {
			t.Errorf("%s: %v, want %v", url, got, want)
		}
	}
}

// A webhook receiver in Go's standard library alone: checks the signature, drops repeats, prints what happened.
//
// go run docs/examples/receive_webhook.go PORT SECRET
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const oldest = 5 * time.Minute

// isGenuine tells whether body was signed with secret (Standard Webhooks 1.0) within the last five minutes.
func isGenuine(secret string, headers http.Header, body []byte) bool {
	stamp := headers.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || time.Since(time.Unix(seconds, 0)).Abs() > oldest {
		return false
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.", headers.Get("webhook-id"), stamp)
	mac.Write(body)
	expected := mac.Sum(nil)
	for _, mark := range strings.Fields(headers.Get("webhook-signature")) {
		given, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(mark, "v1,"))
		if err == nil && hmac.Equal(given, expected) {
			return true
		}
	}
	return false
}

func main() {
	port, secret := os.Args[1], os.Args[2]
	var seen sync.Map
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(answer, request.Body, 1<<20))
		if err != nil || !isGenuine(secret, request.Header, body) {
			answer.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer.WriteHeader(http.StatusNoContent)
		if _, repeated := seen.LoadOrStore(request.Header.Get("webhook-id"), true); repeated {
			return
		}
		var told struct {
			Event    string
			Incident *struct{ Title string }
		}
		if json.Unmarshal(body, &told) == nil {
			title := "a test"
			if told.Incident != nil {
				title = told.Incident.Title
			}
			fmt.Println(told.Event, "-", title)
		}
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, nil))
}

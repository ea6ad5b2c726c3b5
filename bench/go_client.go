// Calls the mock by turns with net/http alone and with the Go client, and tells what each round of calls cost. go_client.py
// builds and runs it: the arguments are the address, the key, the user, the grant and the number of rounds.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/google/uuid"
	stepupmfa "github.com/stepup-mfa/stepup-mfa-go"
	"github.com/stepup-mfa/stepup-mfa-go/models"
)

const (
	action = "SENSITIVE_ACTION"
	calls  = 200
)

type cost struct {
	CPU  float64 `json:"cpu"`
	Wall float64 `json:"wall"`
}

func main() {
	url, key, user, grant := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	rounds, err := strconv.Atoi(os.Args[5])
	must(err)
	client := &http.Client{Timeout: 10 * time.Second, Transport: http.DefaultTransport.(*http.Transport).Clone()}
	auth, err := stepupmfa.New(url, key)
	must(err)
	id := uuid.MustParse(user)
	ctx := context.Background()
	found := map[string]map[string][]cost{
		"lookup": byTurns(rounds, func() {
			var answer struct {
				MfaSetup json.RawMessage `json:"mfa_setup"`
			}
			bare(client, http.MethodGet, url+"/api/backend/v1/user/"+user+"/mfa", key, nil, &answer)
			var setup struct {
				Type string `json:"type"`
			}
			must(json.Unmarshal(answer.MfaSetup, &setup))
		}, func() {
			_, err := auth.FetchUserMfaMethods(ctx, id)
			must(err)
		}),
		"verify grant": byTurns(rounds, func() {
			request := map[string]string{"action_type": action, "user_id": user, "grant": grant}
			var answer struct {
				Success bool `json:"success"`
			}
			bare(client, http.MethodPost, url+"/api/backend/v1/mfa/step-up/verify-grant", key, request, &answer)
		}, func() {
			_, err := auth.VerifyStepUpGrant(ctx, models.VerifyStepUpGrantRequest{ActionType: action, UserID: id, Grant: models.NewSecret(grant)})
			must(err)
		}),
	}
	must(json.NewEncoder(os.Stdout).Encode(found))
}

// bare is what a careful caller would do by hand.
func bare(client *http.Client, method, url, key string, request, answer any) {
	var body io.Reader
	if request != nil {
		content, err := json.Marshal(request)
		must(err)
		body = bytes.NewReader(content)
	}
	made, err := http.NewRequest(method, url, body)
	must(err)
	made.Header.Set("Authorization", "Bearer "+key)
	made.Header.Set("Content-Type", "application/json")
	response, err := client.Do(made)
	must(err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	must(err)
	if response.StatusCode != http.StatusOK {
		must(fmt.Errorf("status %d", response.StatusCode))
	}
	must(json.Unmarshal(content, answer))
}

// byTurns measures rounds of calls, in microseconds of a call; the first is for warming up.
func byTurns(rounds int, bare, ours func()) map[string][]cost {
	found := map[string][]cost{}
	for round := range rounds + 1 {
		for name, call := range map[string]func(){"bare": bare, "ours": ours} {
			cpu, began := used(), time.Now()
			for range calls {
				call()
			}
			if wall := time.Since(began); round > 0 {
				found[name] = append(found[name], cost{(used() - cpu) / calls, float64(wall.Microseconds()) / calls})
			}
		}
	}
	return found
}

// used is the CPU time of this process, in microseconds.
func used() float64 {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e3
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

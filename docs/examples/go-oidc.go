// Package verifier checks Countersign's access tokens by go-oidc (docs/verifiers-in-other-languages.md).
package verifier

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"

	oidc "github.com/coreos/go-oidc"
)

const issuer, audience = "http://localhost:4000", "http://localhost:4001"

var keys = oidc.NewRemoteKeySet(context.Background(), issuer+"/.well-known/jwks.json")
var verifier = oidc.NewVerifier(issuer, keys, &oidc.Config{
	ClientID:             audience, // which go-oidc looks for in aud
	SupportedSigningAlgs: []string{oidc.RS256},
})

type claims struct {
	Subject  string          `json:"sub"`
	ClientID string          `json:"client_id"`
	Scope    string          `json:"scope"`
	Cnf      json.RawMessage `json:"cnf"`
}

func verify(ctx context.Context, token string) (*claims, error) {
	verified, err := verifier.Verify(ctx, token)
	if err != nil {
		return nil, err
	}
	var header struct {
		Typ string `json:"typ"`
	}
	// Verify has parsed it, so this cannot fail.
	decoded, _ := base64.RawURLEncoding.DecodeString(strings.SplitN(token, ".", 2)[0])
	if err := json.Unmarshal(decoded, &header); err != nil || header.Typ != "at+jwt" {
		return nil, errors.New("not an access token")
	}
	var read claims
	if err := verified.Claims(&read); err != nil || read.ClientID == "" || read.Cnf != nil {
		return nil, errors.New("without client_id, or bound to a key")
	}
	return &read, nil
}

// Package verifier checks Countersign's access tokens by golang-jwt (docs/verifiers-in-other-languages.md).
package verifier

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/golang-jwt/jwt"
	jose "gopkg.in/square/go-jose.v2"
)

const issuer, audience = "http://localhost:4000", "http://localhost:4001"

var parser = jwt.Parser{ValidMethods: []string{"RS256"}}
var client = http.Client{Timeout: 2 * time.Second}
var cached struct {
	sync.Mutex
	keys      jose.JSONWebKeySet
	fetchedAt time.Time
}

func keyOf(token *jwt.Token) (interface{}, error) {
	kid, _ := token.Header["kid"].(string)
	cached.Lock()
	defer cached.Unlock()
	found, age := cached.keys.Key(kid), time.Since(cached.fetchedAt)
	if age > 5*time.Minute || len(found) == 0 && age > 2*time.Second {
		response, err := client.Get(issuer + "/.well-known/jwks.json")
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		var fetched jose.JSONWebKeySet
		if err := json.NewDecoder(io.LimitReader(response.Body, 65536)).Decode(&fetched); err != nil {
			return nil, err
		}
		cached.keys, cached.fetchedAt = fetched, time.Now()
		found = cached.keys.Key(kid)
	}
	if len(found) == 0 {
		return nil, errors.New("no such key")
	}
	return found[0].Key, nil
}

func verify(token string) (jwt.MapClaims, error) {
	claims := jwt.MapClaims{}
	parsed, err := parser.ParseWithClaims(token, claims, keyOf)
	if err != nil {
		return nil, err
	}
	clientID, _ := claims["client_id"].(string)
	_, isBound := claims["cnf"]
	isForUs := claims.VerifyIssuer(issuer, true) && claims.VerifyAudience(audience, true)
	isAlive := claims.VerifyExpiresAt(time.Now().Unix(), true)
	if parsed.Header["typ"] != "at+jwt" || !isForUs || !isAlive || clientID == "" || isBound {
		return nil, errors.New("not an access token for us, or bound to a key")
	}
	return claims, nil
}

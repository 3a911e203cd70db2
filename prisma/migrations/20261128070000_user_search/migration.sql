-- What a search for users finds: the name and the e-mail address from the start of each of their parts on, so that "adams" finds
-- john.adams. Folded as accounts/user-search.ts does it. Made of what every Postgres has, and for old replicas too.
CREATE FUNCTION "user_search_terms"(username_key TEXT, email TEXT) RETURNS TSVECTOR
LANGUAGE SQL IMMUTABLE PARALLEL SAFE COST 1000 AS $$
  SELECT array_to_tsvector(coalesce(array_agg(DISTINCT substr(folded.term, part.start)), '{}'))
  FROM (
    VALUES
      (replace(replace($1 COLLATE "C", 'ς', 'σ'), 'ß', 'ss')),
      (replace(replace(lower($2 COLLATE "default") COLLATE "C", 'ς', 'σ'), 'ß', 'ss'))
  ) AS folded(term)
  CROSS JOIN LATERAL generate_series(1, length(folded.term)) AS part(start)
  WHERE part.start = 1 OR strpos('._@+-', substr(folded.term, part.start - 1, 1)) > 0
$$;

CREATE INDEX "users_search_idx" ON "users" USING GIN ("user_search_terms"("username_key", "email"));

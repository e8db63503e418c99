-- The tables of pulsedb-postgres; docs/pulsedb-postgres.md says what each column means.
CREATE TABLE tenant (
    tenant_id text COLLATE "C" PRIMARY KEY,
    provider text NOT NULL,
    model_digest text NOT NULL,
    dimension integer NOT NULL CHECK (dimension BETWEEN 1 AND 4096),
    sequence bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE collective (
    tenant_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    owner_id text COLLATE "C",
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, name)
);

CREATE TABLE totals (
    tenant_id text COLLATE "C" NOT NULL,
    collective_id uuid NOT NULL,
    kind smallint NOT NULL,
    rows bigint NOT NULL DEFAULT 0,
    words bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, collective_id, kind)
) WITH (fillfactor = 50);

CREATE TABLE experience (
    tenant_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    collective_id uuid NOT NULL,
    content text COLLATE "C" NOT NULL,
    type_tag smallint NOT NULL,
    type_body text COLLATE "C" NOT NULL,
    importance real NOT NULL,
    confidence real NOT NULL,
    applications bigint NOT NULL,
    domain text[] COLLATE "C" NOT NULL,
    tags jsonb NOT NULL,
    related_files text[] COLLATE "C" NOT NULL,
    source_agent text COLLATE "C" NOT NULL,
    source_task text COLLATE "C",
    stamp bigint NOT NULL,
    updated_at bigint NOT NULL,
    last_reinforced bigint NOT NULL,
    archived boolean NOT NULL,
    superseded boolean NOT NULL,
    key text COLLATE "C",
    expires_at bigint,
    sequence bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 90);
CREATE INDEX experience_by_time ON experience (tenant_id, collective_id, stamp DESC, id);
CREATE INDEX experience_by_agent ON experience (tenant_id, collective_id, source_agent);
CREATE INDEX experience_by_task ON experience (tenant_id, collective_id, source_task, id) WHERE source_task IS NOT NULL;
CREATE UNIQUE INDEX experience_by_key ON experience (tenant_id, collective_id, key) WHERE key IS NOT NULL;
CREATE INDEX experience_by_content ON experience (tenant_id, collective_id, hashtextextended(content, 0));
CREATE INDEX experience_by_end ON experience (tenant_id, collective_id, expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE entry (
    tenant_id text COLLATE "C" NOT NULL,
    collective_id uuid NOT NULL,
    kind smallint NOT NULL,
    id uuid NOT NULL,
    words integer NOT NULL,
    terms text[] COLLATE "C" NOT NULL,
    pieces bytea NOT NULL,
    asks boolean NOT NULL,
    embedding vector,
    PRIMARY KEY (tenant_id, collective_id, kind, id)
);

-- No GIN index: under row security its operators, which are not leakproof, are no conditions of an index.
CREATE TABLE posting (
    tenant_id text COLLATE "C" NOT NULL,
    collective_id uuid NOT NULL,
    kind smallint NOT NULL,
    term text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    count integer NOT NULL,
    words integer NOT NULL,
    PRIMARY KEY (tenant_id, collective_id, kind, term, id) INCLUDE (count, words)
);

CREATE TABLE relation (
    tenant_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    collective_id uuid NOT NULL,
    source_id uuid NOT NULL,
    target_id uuid NOT NULL,
    type_tag smallint NOT NULL,
    strength real NOT NULL,
    metadata text COLLATE "C",
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, source_id, target_id, type_tag)
);
CREATE INDEX relation_by_target ON relation (tenant_id, target_id, type_tag);
CREATE INDEX relation_by_collective ON relation (tenant_id, collective_id, id);

CREATE TABLE insight (
    tenant_id text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    collective_id uuid NOT NULL,
    content text COLLATE "C" NOT NULL,
    sources uuid[] NOT NULL,
    type_tag smallint NOT NULL,
    confidence real NOT NULL,
    domain text[] COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX insight_by_collective ON insight (tenant_id, collective_id, id);

CREATE TABLE activity (
    tenant_id text COLLATE "C" NOT NULL,
    collective_id uuid NOT NULL,
    agent_id text COLLATE "C" NOT NULL,
    current_task text COLLATE "C",
    context_summary text COLLATE "C",
    started_at bigint NOT NULL,
    last_heartbeat bigint NOT NULL,
    PRIMARY KEY (tenant_id, collective_id, agent_id)
);

CREATE TABLE log (
    tenant_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    stamp bigint NOT NULL,
    collective_id uuid NOT NULL,
    kind smallint NOT NULL,
    subject uuid NOT NULL,
    PRIMARY KEY (tenant_id, sequence)
);

-- The moment of a transaction, in milliseconds since 1970.
CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql STABLE
    RETURN floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint;

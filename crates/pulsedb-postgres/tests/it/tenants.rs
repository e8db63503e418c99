//! Tenants that try to see and to change what is another's.

use pulsedb::{NewExperience, NewExperienceRelation, SubstrateProvider};
use tokio_postgres::NoTls;

use crate::server::{DIMENSION, new_tenant, runtime, store, url};

#[test]
fn another_tenant_finds_and_changes_nothing() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let (owner, other) = (store(&url, &new_tenant()).await, store(&url, &new_tenant()).await);
        let team = owner.get_or_create_collective("team").await.unwrap();
        let new = NewExperience {
            collective_id: team,
            content: "the secret".into(),
            embedding: Some(vec![1.0; DIMENSION]),
            ..Default::default()
        };
        let id = owner.store_experience(new.clone()).await.unwrap();
        assert_eq!(other.get_experience(id).await.unwrap(), None);
        assert!(other.list_collectives().await.unwrap().is_empty());
        assert!(other.delete_experience(id).await.unwrap_err().is_not_found());
        assert!(other.archive_experience(id).await.unwrap_err().is_not_found());
        assert!(other.reinforce_experience(id).await.unwrap_err().is_not_found());
        assert!(other.store_experience(new).await.unwrap_err().is_not_found());
        assert!(other.get_recent(team, 5).await.unwrap_err().is_not_found());
        assert!(other.search_similar(team, &[1.0; DIMENSION], 5).await.unwrap_err().is_not_found());
        assert!(other.poll_changes(team, 0).await.unwrap_err().is_not_found());
        let relation = NewExperienceRelation {
            source_id: id,
            target_id: pulsedb::ExperienceId::new(),
            ..Default::default()
        };
        assert!(other.store_relation(relation).await.unwrap_err().is_not_found());
        assert_ne!(other.get_or_create_collective("team").await.unwrap(), team);
        assert_eq!(owner.get_experience(id).await.unwrap().unwrap().applications, 0);
    });
}

#[test]
fn role_that_works_cannot_read_past_its_tenant_whatever_the_statement() {
    let Some(url) = url() else { return };
    runtime().block_on(async {
        let (tenant, other) = (new_tenant(), new_tenant());
        let owner = store(&url, &tenant).await;
        owner.get_or_create_collective("team").await.unwrap();
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        let count = |sql: &'static str| {
            let client = &client;
            async move { client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) }
        };
        client.batch_execute("BEGIN; SET LOCAL ROLE pulsedb_app").await.unwrap();
        let all = "SELECT (SELECT count(*) FROM pulsedb.collective) + (SELECT count(*) FROM pulsedb.log) + \
                   (SELECT count(*) FROM pulsedb.tenant)";
        assert_eq!(count(all).await, 0, "without a tenant nothing is seen");
        let set = format!("SELECT set_config('pulsedb.tenant', '{other}', true)");
        client.batch_execute(&set).await.unwrap();
        assert_eq!(count(all).await, 0, "another tenant sees nothing");
        assert_eq!(client.execute("DELETE FROM pulsedb.collective", &[]).await.unwrap(), 0);
        let forged = format!("INSERT INTO pulsedb.tenant VALUES ('{tenant}', '', '', 8, 0)");
        assert!(client.batch_execute(&forged).await.is_err(), "a row of another tenant is refused");
        client.batch_execute("ROLLBACK").await.unwrap();
        for forbidden in ["ALTER TABLE pulsedb.log DISABLE ROW LEVEL SECURITY", "DROP POLICY own ON pulsedb.log"] {
            client.batch_execute("BEGIN; SET LOCAL ROLE pulsedb_app").await.unwrap();
            assert!(client.batch_execute(forbidden).await.is_err(), "{forbidden}");
            client.batch_execute("ROLLBACK").await.unwrap();
        }
        let unforced = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'pulsedb' \
                      AND c.relkind = 'r' AND c.relname <> 'schema_version' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)";
        assert_eq!(count(unforced).await, 0, "every table has row security, for its owner too");
        let unkeyed = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE n.nspname = 'pulsedb' AND c.relname <> 'schema_version' AND i.indisunique \
                       AND (SELECT attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]) <> 'tenant_id'";
        assert_eq!(count(unkeyed).await, 0, "every key begins with the tenant");
    });
}

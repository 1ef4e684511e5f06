-- Who may read our tables, in the spirit of the host's policies: whoever sees a suggestion sees its trace; an admin sees
-- the counts; nobody else sees anything, and nobody but the owner writes. Security is on before anything can be granted.
do $$
declare
  -- Only new ones: to alter a table that is in use would wait for its writers, table after table, and they for us.
  ours text[] := array(
    select o.name from uptake_adoption o
    join pg_class c on c.relname = o.name and c.relnamespace = 'public'::regnamespace
    where o.kind = 'table' and not c.relrowsecurity
    order by o.name
  );
  readable text[] := array(
    select o.name from uptake_adoption o
    where o.kind = 'table'
      and (o.name in ('ai_traces', 'metric_series') or o.name like 'ai\_metrics\_%' or o.name like 'ai\_feedback\_reasons\_%')
      and not exists (select from pg_policies p where p.schemaname = 'public' and p.tablename = o.name)
    order by o.name
  );
  functions text[] := array(select name from uptake_adoption where kind = 'function' order by name);
  is_admin text;
  object text;
  reader text;
begin
  foreach object in array ours loop
    execute format('alter table %I enable row level security', object);
  end loop;

  -- Only where the host tells its people apart by these tables.
  if to_regprocedure('auth.uid()') is not null and to_regclass('profiles') is not null
    and to_regclass('roles') is not null and to_regclass('user_roles') is not null then
    is_admin := 'exists (
      select from profiles p join user_roles u on u.user_id = p.id join roles r on r.id = u.role_id
      where p.auth_user_id = auth.uid() and r.name = ''admin'')';
  end if;

  foreach object in array readable loop
    if object = 'ai_traces' then
      execute 'create policy uptake_read on ai_traces for select
        using (exists (select from ai_suggestions s where s.id = suggestion_id))';
    elsif is_admin is not null then
      execute format('create policy uptake_read on %I for select using (%s)', object, is_admin);
    end if;
    for reader in
      select g.grantee from information_schema.role_table_grants g
      where g.table_schema = 'public' and g.table_name = 'ai_suggestions' and g.privilege_type = 'SELECT'
        and g.grantee <> 'PUBLIC' and g.grantee <> g.grantor
    loop
      execute format('grant select on %I to %I', object, reader);
    end loop;
  end loop;

  -- A function that runs with its owner's rights is for triggers and for us, also where new ones are granted to others by default.
  foreach object in array functions loop
    execute format('revoke execute on function %s from public', object);
    for reader in
      select distinct a.grantee::regrole::text from pg_proc p cross join lateral aclexplode(p.proacl) a
      where p.oid = object::regprocedure and a.grantee not in (0, p.proowner)
    loop
      execute format('revoke execute on function %s from %s', object, reader);
    end loop;
  end loop;
end $$;

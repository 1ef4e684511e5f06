-- Ids of the product's own things, and the three acts, have the type that the product gave them: text in a database of
-- ours, mostly uuid and an enum in one that was adopted. Statements that write them go through these functions, which
-- Postgres inlines; text that is none of that type is refused by the cast.
do $$
declare
  shape record;
begin
  for shape in
    select f.name, format_type(a.atttypid, a.atttypmod) as type
    from (values
      ('uptake_ticket_id', 'ai_suggestions', 'ticket_id'),
      ('uptake_message_id', 'ai_suggestions', 'message_id'),
      ('uptake_system_user_id', 'ai_suggestions', 'system_user_id'),
      ('uptake_agent_id', 'ai_feedback_events', 'agent_id'),
      ('uptake_feedback_type', 'ai_feedback_events', 'feedback_type')
    ) f (name, on_table, on_column)
    join pg_attribute a on a.attrelid = f.on_table::regclass and a.attname = f.on_column
  loop
    execute format('create function %I(value text) returns %s language sql immutable as ''select value::%s''',
      shape.name, shape.type, shape.type);
  end loop;
end $$;

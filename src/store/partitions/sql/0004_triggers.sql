-- A plan for any ids locks every partition before it knows which it is about, and would wait for the month that retention is
-- just emptying; one made for the ids at hand locks theirs alone.
alter function uptake_apply_feedback(uuid[]) set plan_cache_mode = force_custom_plan;

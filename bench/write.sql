-- bench_write(n, by_row): n row changes of public.users in the scenario's
-- proportions of two inserts to one update, each in a transaction of its own, or
-- all in one. The last one marks row 1, so that its arrival can be waited for.
CREATE OR REPLACE PROCEDURE bench_write(n int, by_row bool, mark text, seeded int)
LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN 1 .. n - 1 LOOP
        IF i % 3 = 0 THEN
            UPDATE public.users SET full_name = 'Renamed ' || mark || i, updated_at = clock_timestamp()
            WHERE id = 2 + (i::bigint * 7919) % (seeded - 2);
        ELSE
            INSERT INTO public.users (email, full_name, bio)
            VALUES (mark || i || '@bench.example.com', 'Olga Q. Holm' || i, repeat('bio ', 50));
        END IF;
        IF by_row THEN
            COMMIT;
        END IF;
    END LOOP;
    UPDATE public.users SET bio = mark WHERE id = 1;
    COMMIT;
END
$$;

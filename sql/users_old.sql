-- The scenario's table as the application knows it: one column for the name.
CREATE TABLE public.users (
    id         bigserial   PRIMARY KEY,
    email      text        NOT NULL UNIQUE,
    full_name  text        NOT NULL,
    bio        text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX idx_users_email ON public.users (email);
CREATE INDEX idx_users_full_name ON public.users (full_name);

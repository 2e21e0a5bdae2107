/* type_family.h - types that behave alike; private to types.c and type_values.c. */
#ifndef PGTANDEM_MODEL_TYPE_FAMILY_H
#define PGTANDEM_MODEL_TYPE_FAMILY_H

#include "model/table.h"

/* From PostgreSQL's pg_type.dat: these never change. */
enum type_oid {
    OID_NAME = 19,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_TEXT = 25,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_BPCHAR = 1042,
    OID_VARCHAR = 1043,
    OID_DATE = 1082,
    OID_TIMESTAMP = 1114,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_UUID = 2950,
    OID_JSONB = 3802,
    OID_FIRST_USER = 16384, /* from here on OIDs differ between databases */
};

enum type_family {
    FAMILY_NONE,
    FAMILY_TEXT,       /* text and varchar: any text, and kept as it is */
    FAMILY_OTHER_TEXT, /* char(n), citext, ...: equality is not that of the bytes */
    FAMILY_NAME,
    FAMILY_INTEGER,
    FAMILY_NUMBER, /* numeric, real, double precision */
    FAMILY_DATE,
    FAMILY_TIMESTAMP,
    FAMILY_JSON,
    FAMILY_UUID,
    FAMILY_ENUM,
};

enum type_family type_family_of(const struct column_type *type);

#endif

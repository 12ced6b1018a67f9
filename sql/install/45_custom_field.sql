-- Custom fields: definitions of what customer.attributes carries, so that people and tools find them by name, label
-- and type. Nothing checks the attributes against them: an ERP job writes what it has.

CREATE TABLE receivables.custom_field (
  name        text NOT NULL CONSTRAINT custom_field_pkey PRIMARY KEY CONSTRAINT custom_field_name_check CHECK (name <> ''),
  label       text NOT NULL CONSTRAINT custom_field_label_check CHECK (label <> ''),
  data_type   text NOT NULL DEFAULT 'text' CONSTRAINT custom_field_data_type_check CHECK (data_type IN ('text', 'number', 'date', 'boolean')),
  description text
);
COMMENT ON TABLE receivables.custom_field IS
  'Custom fields: keys of customer.attributes with a label and a type. search_attribute lists them for criteria, custom_field_value shows their values.';
COMMENT ON COLUMN receivables.custom_field.name IS 'Key in customer.attributes.';
COMMENT ON COLUMN receivables.custom_field.label IS 'What people call it.';
COMMENT ON COLUMN receivables.custom_field.data_type IS 'text, number, date (YYYY-MM-DD) or boolean.';
COMMENT ON COLUMN receivables.custom_field.description IS 'Meaning.';

-- A value that is not of the field's type is shown as text alone; it never makes the view fail.
CREATE VIEW receivables.custom_field_value AS
SELECT c.customer_id, f.name, f.label, f.data_type, v.value,
       CASE WHEN f.data_type = 'number' AND v.value ~ '^[+-]?[0-9]{1,18}(\.[0-9]{1,18})?$' THEN v.value::numeric END::numeric(28,4) AS number_value,
       CASE WHEN f.data_type = 'date' AND v.value ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$' THEN
         CASE WHEN pg_catalog.left(v.value, 4) > '0000' THEN
           CASE WHEN pg_catalog.right(v.value, 2)::integer <= pg_catalog.date_part('day', pg_catalog.make_date(
                       pg_catalog.left(v.value, 4)::integer, pg_catalog.substr(v.value, 6, 2)::integer, 1) + interval '1 month' - interval '1 day')
                THEN pg_catalog.make_date(pg_catalog.left(v.value, 4)::integer, pg_catalog.substr(v.value, 6, 2)::integer, pg_catalog.right(v.value, 2)::integer)
           END
         END
       END AS date_value,
       CASE WHEN f.data_type = 'boolean' THEN
         CASE WHEN pg_catalog.lower(v.value) IN ('true', 't', 'yes', 'y', 'on', '1') THEN true
              WHEN pg_catalog.lower(v.value) IN ('false', 'f', 'no', 'n', 'off', '0') THEN false END
       END AS boolean_value
FROM receivables.custom_field f
CROSS JOIN receivables.customer c
CROSS JOIN LATERAL (SELECT c.attributes OPERATOR(pg_catalog.->>) f.name AS value) v
WHERE v.value IS NOT NULL;
COMMENT ON VIEW receivables.custom_field_value IS
  'One row per customer and custom field that has a value (key customer_id, name).';
COMMENT ON COLUMN receivables.custom_field_value.customer_id IS 'Customer; key of the view together with name.';
COMMENT ON COLUMN receivables.custom_field_value.name IS 'Key in customer.attributes.';
COMMENT ON COLUMN receivables.custom_field_value.label IS 'What people call it.';
COMMENT ON COLUMN receivables.custom_field_value.data_type IS 'text, number, date or boolean.';
COMMENT ON COLUMN receivables.custom_field_value.value IS 'The value as text.';
COMMENT ON COLUMN receivables.custom_field_value.number_value IS 'The value of a number, rounded to 4 decimals; NULL where it is none.';
COMMENT ON COLUMN receivables.custom_field_value.date_value IS 'The value of a date; NULL where it is none.';
COMMENT ON COLUMN receivables.custom_field_value.boolean_value IS 'The value of a boolean; NULL where it is none.';

SELECT pg_catalog.pg_extension_config_dump('receivables.custom_field', '');

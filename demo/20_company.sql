-- Demo, part 2: the customers of My Company North America and 18 months of their ledger.
--
--   psql -v customers=50000 -f demo/20_company.sql     default 2000; the first accounts are the same in every size
--
-- Everything is a function of the account's number: pseudo-random numbers are hashes, so that neither plan nor order
-- matters, and what must add up (size, payer, term) follows a low-discrepancy sequence, so that 500 customers have
-- nearly the shares of 500,000. Dates count back from the business date, and nothing depends on the day of the week.
-- The ledger is loaded as an ERP job does it, by plain INSERTs; nothing here calls for an assignment.
\set ON_ERROR_STOP on
\if :{?customers}
\else
  \set customers 2000
\endif
SET work_mem = '64MB';
SET jit = off; -- compiling these few long expressions takes longer than computing them

-- ---- pseudo-random numbers ------------------------------------------------------------------------------------------

-- From 0 to less than 1; salt tells the uses of one account and number apart.
CREATE FUNCTION pg_temp.uniform(account bigint, number bigint, salt bigint) RETURNS float8
  LANGUAGE sql IMMUTABLE
  RETURN ((pg_catalog.hashint8extended(account * 100000 + number, salt) >> 12) & 4503599627370495)
         / float8 '4503599627370496';

CREATE FUNCTION pg_temp.fraction(x float8) RETURNS float8
  LANGUAGE sql IMMUTABLE
  RETURN x - floor(x);

-- The normal quantile as the difference of two powers: good to 0.02 up to three sigma, and bounded.
CREATE FUNCTION pg_temp.normal(p float8) RETURNS float8
  LANGUAGE sql IMMUTABLE
  RETURN 4.91 * (p ^ 0.14 - (1 - p) ^ 0.14);

CREATE FUNCTION pg_temp.pick(choices text[], p float8) RETURNS text
  LANGUAGE sql IMMUTABLE
  RETURN choices[1 + floor(p * cardinality(choices))::integer];

-- ---- who the customers are ------------------------------------------------------------------------------------------

-- lateness, spread: days between due date and payment, before the wait for the customer's weekly payment run.
-- forgotten: share of the invoices that lie about for one to five months.
CREATE TEMP TABLE payer AS
SELECT * FROM (VALUES
  ('early',     0.000, 0.300, -7, 3, 0.00, 80),
  ('prompt',    0.300, 0.740, -1, 3, 0.00, 74),
  ('average',   0.740, 0.890,  5, 4, 0.00, 63),
  ('slow',      0.890, 0.945, 14, 4, 0.00, 52),
  ('forgetful', 0.945, 0.978, -1, 3, 0.46, 66),
  ('very late', 0.978, 1.000, 14, 5, 0.66, 38)
) AS p (payer, from_share, to_share, lateness, spread, forgotten, score);

CREATE TEMP TABLE plan AS
SELECT n.account, to_char(n.account, 'FM"NA-"000000') AS account_no, y.yearly,
       -- larger customers get more invoices, and larger ones
       greatest(6, round(26 * (y.yearly / 140000) ^ 0.45))::integer AS invoices,
       p.lateness, p.spread, p.forgotten,
       CASE WHEN n.term < 0.20 THEN 15 WHEN n.term < 0.70 THEN 30 WHEN n.term < 0.88 THEN 45 ELSE 60 END AS payment_days,
       (n.account % 7)::integer AS payment_weekday,
       CASE WHEN u.country < 0.80 THEN 'US' WHEN u.country < 0.93 THEN 'CA' ELSE 'MX' END AS country,
       CASE WHEN u.score > 0.03
            THEN round(least(99, greatest(1, p.score + 10 * pg_temp.normal(u.score))))::integer END AS score,
       CASE WHEN u.reach < 0.88 THEN 'customer' WHEN u.reach < 0.93 THEN 'contact' END AS email_on,
       -- one customer in sixteen came within the 18 months
       receivables.business_date() - CASE WHEN u.age < 0.06 THEN 20 + floor(u.age / 0.06 * 500)
                                          ELSE 550 + floor((u.age - 0.06) * 5000) END::integer AS created_on,
       u.worked < 0.08 AS worked, u.chance,
       (n.account * 48271) % 60516 AS name_number -- 41 * 41 * 36 names, and 48271 has no divisor in common
FROM (
  -- multiples of the powers of 1 / 1.2207..., the root of x^4 = x + 1, fill the cube evenly
  SELECT a.account,
         ((0.5 + a.account * 0.8191725133961645) % 1)::float8 AS size,
         ((0.5 + a.account * 0.6710436067037893) % 1)::float8 AS payer,
         ((0.5 + a.account * 0.5497004779019703) % 1)::float8 AS term
  FROM generate_series(1::bigint, :customers) AS a (account)
) AS n
CROSS JOIN LATERAL (SELECT 136300 * exp(1.4 * pg_temp.normal(n.size)) AS yearly) AS y
CROSS JOIN LATERAL (
  SELECT pg_temp.uniform(n.account, 0, 1) AS country, pg_temp.uniform(n.account, 0, 2) AS score,
         pg_temp.uniform(n.account, 0, 3) AS reach, pg_temp.uniform(n.account, 0, 4) AS age,
         pg_temp.uniform(n.account, 0, 5) AS worked, pg_temp.uniform(n.account, 0, 6) AS chance,
         -- the largest have people who see to it that nothing is forgotten, the smallest nothing to forget
         CASE WHEN n.payer >= 0.945 AND n.size NOT BETWEEN 0.3 AND 0.93 THEN 0.5 ELSE n.payer END AS payer
) AS u
JOIN payer p ON u.payer >= p.from_share AND u.payer < p.to_share;
CREATE UNIQUE INDEX ON plan (account);
ANALYZE plan;

CREATE TEMP TABLE invoice (
  account bigint, customer_id bigint, number integer, fx_rate numeric, currency text, worked boolean,
  document_date date, due_date date, amount numeric, paid_on date,
  credit numeric, credit_on date, -- credit note for a part of it
  part numeric, part_on date      -- part payment before the rest
);

-- ---- the ERP's job for the accounts from first to last, in one transaction ------------------------------------------

CREATE PROCEDURE pg_temp.load_customers(first bigint, last bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO receivables.customer
    (account_no, name, country, currency, language, sector, sales_rep, email, phone, payment_days,
     external_score, external_rating, collection_blocked, attributes, created_on)
  SELECT p.account_no, concat_ws(' ', n.one, n.two, n.word)
           || CASE p.country WHEN 'US' THEN pg_temp.pick('{" Inc."," LLC"," Corp."," Co."}', u.suffix)
                             WHEN 'CA' THEN pg_temp.pick('{" Ltd."," Inc."}', u.suffix)
                             ELSE ' S.A. de C.V.' END,
         p.country, CASE p.country WHEN 'CA' THEN 'CAD' ELSE 'USD' END,
         CASE WHEN p.country = 'MX' THEN 'es' WHEN p.country = 'CA' AND u.language < 0.25 THEN 'fr' ELSE 'en' END,
         (ARRAY['Food', 'Construction', 'Automotive', 'Healthcare', 'Retail', 'Electronics', 'Logistics',
                'Chemicals', 'Energy', 'Machinery', 'Textiles', 'Agriculture'])[1 + p.name_number % 36 / 3],
         pg_temp.pick('{Nora Hayes,Liam Carter,Grace Kim,Owen Patel,Ruth Delgado,Ivan Petrov}', u.sales_rep),
         CASE WHEN p.email_on = 'customer' THEN 'accounts.payable@' || lower(n.one || n.two) || p.account || '.example' END,
         CASE WHEN u.phone < 0.94 THEN to_char(p.account % 10000, 'FM"+1 555 "0000') END,
         p.payment_days, p.score,
         CASE WHEN p.score >= 80 THEN 'A' WHEN p.score >= 65 THEN 'B' WHEN p.score >= 50 THEN 'C'
              WHEN p.score >= 35 THEN 'D' WHEN p.score IS NOT NULL THEN 'E' END,
         u.blocked < 0.004,
         jsonb_build_object('region', CASE p.country WHEN 'US' THEN pg_temp.pick('{Northeast,Midwest,South,West}', u.region)
                                                     WHEN 'CA' THEN 'Canada' ELSE 'Mexico' END,
                            'insured', coalesce(p.score >= 50, false) AND u.insured < 0.6),
         p.created_on
  FROM plan p
  CROSS JOIN LATERAL (
    SELECT pg_temp.uniform(p.account, 0, 11) AS suffix, pg_temp.uniform(p.account, 0, 12) AS language,
           pg_temp.uniform(p.account, 0, 13) AS sales_rep, pg_temp.uniform(p.account, 0, 14) AS phone,
           pg_temp.uniform(p.account, 0, 15) AS blocked, pg_temp.uniform(p.account, 0, 16) AS region,
           pg_temp.uniform(p.account, 0, 17) AS insured
  ) AS u
  CROSS JOIN LATERAL (
    SELECT ('{Alder,Amber,Anchor,Aspen,Beacon,Birch,Blue,Bright,Cedar,Clear,Copper,Crystal,Eagle,East,Elm,Falcon,Golden,'
            'Granite,Green,Harbor,Iron,Juniper,Lake,Laurel,Maple,Meadow,North,Oak,Pacific,Pine,Prairie,Red,River,Silver,'
            'South,Stone,Summit,Sun,Timber,West,Willow}')::text[] AS ones,
           ('{Arch,Bay,Bend,Bluff,Bridge,Brook,Canyon,Cape,Cliff,Coast,Cove,Creek,Crest,Dale,Falls,Field,Ford,Forest,'
            'Gate,Glen,Grove,Haven,Heights,Hill,Hollow,Island,Junction,Landing,Mesa,Mill,Peak,Plains,Point,Pond,Ridge,'
            'Rock,Shore,Spring,Trail,Valley,View}')::text[] AS twos,
           -- three for each sector
           ('{Foods,Provisions,Beverages,Builders,Construction,Materials,Auto Parts,Motors,Tires,Medical,Pharma,Health,'
            'Stores,Outfitters,Markets,Electronics,Devices,Controls,Freight,Logistics,Transport,Chemicals,Coatings,'
            'Plastics,Energy,Power,Fuels,Machinery,Tools,Equipment,Textiles,Apparel,Fabrics,Farms,Seeds,'
            'Growers}')::text[] AS words
  ) AS w
  CROSS JOIN LATERAL (
    SELECT w.ones[1 + p.name_number / 36 % 41] AS one, w.twos[1 + p.name_number / 1476] AS two,
           w.words[1 + p.name_number % 36] AS word
  ) AS n
  WHERE p.account BETWEEN first AND last
  ORDER BY p.account;

  -- One account in forty belongs to the one before it.
  UPDATE receivables.customer c SET parent_id = parent.customer_id
  FROM plan p
  JOIN plan q ON q.account = p.account - 1
  JOIN receivables.customer parent ON parent.company = 'MAIN' AND parent.account_no = q.account_no
  WHERE p.account BETWEEN first AND last AND p.account % 40 = 0 AND c.company = 'MAIN' AND c.account_no = p.account_no;

  INSERT INTO receivables.contact (customer_id, name, role, email, phone)
  SELECT c.customer_id,
         pg_temp.pick('{Alice,Ben,Carmen,David,Elena,Frank,Gina,Hugo,Iris,Jack,Karen,Luis}', u.first_name) || ' '
           || pg_temp.pick('{Adams,Baker,Castillo,Dubois,Evans,Fischer,Gomez,Hughes,Ito,Jensen,Klein,Lopez}', u.last_name),
         CASE number WHEN 1 THEN 'accounts payable' ELSE 'purchasing' END,
         CASE WHEN p.email_on IS NOT NULL AND (number = 1 OR u.email < 0.5)
              THEN 'contact' || number || '@account' || p.account || '.example' END,
         CASE WHEN u.phone < 0.7 THEN to_char((p.account + number * 5000) % 10000, 'FM"+1 555 "0000') END
  FROM plan p
  JOIN receivables.customer c ON c.company = 'MAIN' AND c.account_no = p.account_no
  CROSS JOIN generate_series(1, 2) AS number
  CROSS JOIN LATERAL (
    SELECT pg_temp.uniform(p.account, number, 21) AS first_name, pg_temp.uniform(p.account, number, 22) AS last_name,
           pg_temp.uniform(p.account, number, 23) AS email, pg_temp.uniform(p.account, number, 24) AS phone
  ) AS u
  WHERE p.account BETWEEN first AND last AND (number = 1 OR u.last_name < 0.6)
  ORDER BY c.customer_id, number;
END $$;

-- What happened to each invoice, and what will: paid_on may lie in the future. OFFSET 0 keeps the planner from
-- writing an expression out wherever its name is used.
CREATE PROCEDURE pg_temp.plan_invoices(first bigint, last bigint) LANGUAGE plpgsql AS $$
DECLARE
  today date := receivables.business_date();
  days float8 := today - (today - interval '18 months')::date;
BEGIN
  TRUNCATE pg_temp.invoice;
  INSERT INTO pg_temp.invoice
  SELECT r.account, r.customer_id, r.number, r.fx_rate, r.currency, r.worked, r.document_date, r.due_date, r.amount,
         r.paid_on,
         CASE WHEN k.credit_on IS NOT NULL
              THEN round(r.amount * CASE WHEN r.share > 0.9 THEN 1 ELSE 0.05 + 0.4 * r.share END::numeric, 2) END,
         k.credit_on,
         CASE WHEN k.part_on IS NOT NULL THEN round(r.amount * (0.2 + 0.5 * r.share)::numeric, 2) END,
         k.part_on
  FROM (
    -- the customer pays on one day of the week
    SELECT w.*, w.wanted_on + (w.payment_weekday - (w.wanted_on - date '2001-01-01') % 7 + 7) % 7 AS paid_on
    FROM (
      SELECT d.*, d.document_date + d.payment_days AS due_date,
             greatest(d.document_date + 2,
                      d.document_date + d.payment_days
                      + CASE WHEN pg_temp.fraction(d.chance + d.age * float8 '0.5698402909980532') < d.forgotten
                             THEN (30 + 125 * d.late ^ 1.3)::integer
                             ELSE least(24, round(d.lateness + d.spread * pg_temp.normal(d.late)))::integer END) AS wanted_on
      FROM (
        SELECT p.*, c.customer_id, c.currency, f.fx_rate, age, p.invoices - age AS number,
               today - floor((age + pg_temp.uniform(p.account, age, 31)) * days / p.invoices)::integer AS document_date,
               -- log-normal amounts, whose mean makes the customer's yearly turnover
               round((p.yearly * days / 365 / p.invoices / f.fx_rate
                      * exp(0.6 * pg_temp.normal(pg_temp.uniform(p.account, age, 32)) - 0.18))::numeric, 2) AS amount,
               -- evenly spread over each customer's invoices
               pg_temp.fraction(p.chance + age * float8 '0.7548776662466927') AS late,
               pg_temp.uniform(p.account, age, 35) AS fate,
               pg_temp.uniform(p.account, age, 36) AS share
        FROM plan p
        JOIN receivables.customer c ON c.company = 'MAIN' AND c.account_no = p.account_no
        CROSS JOIN LATERAL (SELECT CASE c.currency WHEN 'CAD' THEN float8 '0.73' ELSE 1 END AS fx_rate) AS f
        CROSS JOIN generate_series(0, p.invoices - 1) AS age
        WHERE p.account BETWEEN first AND last
        OFFSET 0
      ) AS d
      WHERE d.document_date >= d.created_on AND d.amount > 0
      OFFSET 0
    ) AS w
    OFFSET 0
  ) AS r
  CROSS JOIN LATERAL (
    SELECT CASE WHEN r.fate < 0.03 AND c.credit_on < r.paid_on THEN c.credit_on END AS credit_on,
           CASE WHEN r.fate > 0.95 AND r.paid_on - r.due_date > 7
                THEN r.due_date + (r.paid_on - r.due_date) / 2 END AS part_on
    FROM (SELECT r.document_date + 7 + floor(14 * r.share)::integer AS credit_on) AS c
  ) AS k;
  ANALYZE pg_temp.invoice;
END $$;

CREATE PROCEDURE pg_temp.load_items() LANGUAGE plpgsql AS $$
DECLARE
  today date := receivables.business_date();
BEGIN
  INSERT INTO receivables.item
    (customer_id, erp_key, document_no, kind, document_date, due_date, currency, fx_rate, amount, open_amount, cleared_on,
     status, status_on, promised_on, status_comment)
  SELECT i.customer_id, 'I' || i.number, 'INV-' || i.account || '-' || i.number, 'invoice', i.document_date, i.due_date,
         i.currency, i.fx_rate, i.amount,
         CASE WHEN i.paid_on <= today THEN 0 WHEN i.part_on <= today THEN i.amount - i.part ELSE i.amount END,
         CASE WHEN i.paid_on <= today THEN i.paid_on END,
         q.status, CASE WHEN q.status IS NOT NULL THEN least(today, i.due_date + 9) END,
         CASE WHEN q.status = 'promise' THEN today + 3 + i.number % 10 END,
         CASE q.status WHEN 'dispute' THEN 'Customer disagrees with quantity or price' END
  FROM pg_temp.invoice i
  CROSS JOIN LATERAL (
    -- a few customers' late items have been worked on, and single ones of the others'
    SELECT CASE WHEN i.paid_on > today AND i.due_date < today - 8
                 AND (i.worked OR (today - i.due_date <= 30 AND pg_temp.uniform(i.account, i.number, 41) < 0.3))
                THEN pg_temp.pick('{dispute,dispute,promise,promise,ongoing}',
                                  pg_temp.uniform(i.account, i.number, 42)) END AS status
  ) AS q
  ORDER BY i.customer_id, i.number;

  INSERT INTO receivables.item
    (customer_id, erp_key, document_no, kind, document_date, due_date, currency, fx_rate, amount, open_amount, cleared_on)
  SELECT i.customer_id, 'C' || i.number, 'CRN-' || i.account || '-' || i.number, 'credit_note', i.credit_on,
         greatest(i.credit_on, i.due_date), i.currency, i.fx_rate, -i.credit,
         CASE WHEN i.paid_on <= today THEN 0 ELSE -i.credit END, CASE WHEN i.paid_on <= today THEN i.paid_on END
  FROM pg_temp.invoice i
  WHERE i.credit_on <= today
  ORDER BY i.customer_id, i.number;

  -- One payment a customer and day: what was due of the invoices, and parts of others.
  INSERT INTO receivables.item
    (customer_id, erp_key, document_no, kind, document_date, currency, fx_rate, amount, open_amount, cleared_on)
  SELECT p.customer_id, to_char(p.paid_on, '"P"YYYYMMDD'), 'PAY-' || p.account || to_char(p.paid_on, '-YYYYMMDD'),
         'payment', p.paid_on, p.currency, p.fx_rate, -sum(p.amount), 0, p.paid_on
  FROM (
    SELECT i.customer_id, i.account, i.currency, i.fx_rate, i.paid_on,
           i.amount - coalesce(i.credit, 0) - coalesce(i.part, 0) AS amount
    FROM pg_temp.invoice i WHERE i.paid_on <= today
    UNION ALL
    SELECT i.customer_id, i.account, i.currency, i.fx_rate, i.part_on, i.part
    FROM pg_temp.invoice i WHERE i.part_on <= today
  ) AS p
  GROUP BY p.customer_id, p.paid_on, p.account, p.currency, p.fx_rate
  HAVING sum(p.amount) <> 0
  ORDER BY p.customer_id, p.paid_on;

  -- Some paid what nobody could match yet: an open payment.
  INSERT INTO receivables.item (customer_id, erp_key, document_no, kind, document_date, currency, fx_rate, amount)
  SELECT i.customer_id, 'U1', 'PAY-' || i.account || '-U1', 'payment', today - (i.account % 20)::integer,
         i.currency, i.fx_rate, -round(i.amount * 0.3, 2)
  FROM pg_temp.invoice i
  WHERE i.number = 5 AND pg_temp.uniform(i.account, 0, 43) < 0.015
  ORDER BY i.customer_id;

  -- Part payments are dated; of all else the day on which the invoice was cleared is enough.
  INSERT INTO receivables.payment_allocation (customer_id, item_id, paid_by_item_id, amount, allocated_on)
  SELECT i.customer_id, invoice.item_id, payment.item_id, i.part, i.part_on
  FROM pg_temp.invoice i
  JOIN receivables.item invoice ON invoice.customer_id = i.customer_id AND invoice.erp_key = 'I' || i.number
  JOIN receivables.item payment ON payment.customer_id = i.customer_id
                               AND payment.erp_key = to_char(i.part_on, '"P"YYYYMMDD')
  WHERE i.part_on <= today
  ORDER BY i.customer_id, i.number;
END $$;

-- Large companies come in several transactions, 5,000 customers each.
SELECT format('BEGIN; CALL pg_temp.load_customers(%1$s, %2$s); CALL pg_temp.plan_invoices(%1$s, %2$s);'
              ' CALL pg_temp.load_items(); COMMIT', first, first + 4999)
FROM generate_series(1, :customers, 5000) AS first
\gexec

DROP TABLE pg_temp.invoice, pg_temp.plan, pg_temp.payer;
DROP PROCEDURE pg_temp.load_customers, pg_temp.plan_invoices, pg_temp.load_items;
DROP FUNCTION pg_temp.uniform, pg_temp.fraction, pg_temp.normal, pg_temp.pick;
RESET jit;
RESET work_mem;
ANALYZE receivables.customer, receivables.contact, receivables.item, receivables.payment_allocation, receivables.position;

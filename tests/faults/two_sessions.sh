#!/usr/bin/env bash
# Two transactions that post to the same customer both commit, without waiting for each other's end, at every isolation
# level and in every mode, however they interleave. A transaction that is declared read-only after it has written, or
# that leaves a lock of the customer's position behind, loses nothing and delays nobody.
set -euo pipefail
# shellcheck source=tests/faults/faults.bash
. "$(dirname "$0")/faults.bash"

start_server max_prepared_transactions=10
start_faults
open_session a
open_session b
ask a 'SELECT receivables.business_date()'
ask b 'SELECT receivables.business_date()'
customer=0
next_customer() { customer=$((customer % 80 + 1)); }

post() { echo "INSERT INTO receivables.item (customer_id, due_date, amount) VALUES ($customer, receivables.business_date() - $1, $2);"; }
begin() { # begin LEVEL APPLY: with a snapshot
  echo "BEGIN ISOLATION LEVEL $1; SET LOCAL search_assign.apply = $2; SELECT count(*) FROM receivables.company;"
}

# Each pattern with one statement of its second transaction that would have to change the same position.
for apply in ${modes//,/ }; do
  for level in 'READ COMMITTED' 'REPEATABLE READ' 'SERIALIZABLE'; do
    for other in 'READ COMMITTED' 'REPEATABLE READ' 'SERIALIZABLE'; do
      next_customer
      situation="$apply, $level beside $other: both post, both commit"
      expect a "$(begin "$level" "$apply")"
      expect b "$(begin "$other" "$apply")"
      expect a "$(post 40 250)"
      expect b "$(post 10 1250)"
      expect a 'COMMIT'
      expect b 'COMMIT'

      next_customer
      situation="$apply, $level beside $other: commits while the other one has its snapshot"
      expect a "$(begin "$level" "$apply")"
      expect b "$(begin "$other" "$apply") $(post 5 111) COMMIT"
      expect a "$(post 70 222)"
      expect a "$(post 70 333)"
      expect a 'COMMIT'

      next_customer
      situation="$apply, $level beside $other: contact and item"
      expect a "$(begin "$level" "$apply") INSERT INTO receivables.contact (customer_id, email) VALUES ($customer, 'n@example.org')"
      expect b "$(begin "$other" "$apply") $(post 45 10)"
      expect b 'COMMIT'
      expect a 'COMMIT'
    done
  done
done
judge_memberships "pairs of transactions"

# The ledger rows of customers: without the extension nobody waits here either.
for apply in ${modes//,/ }; do
  for level in 'READ COMMITTED' 'REPEATABLE READ'; do
    next_customer
    situation="$apply, $level: customer changed beside its items"
    expect a "$(begin "$level" "$apply") UPDATE receivables.customer SET email = NULL, external_score = 5 WHERE customer_id = $customer"
    expect b "$(begin "$level" "$apply") $(post 33 4000)"
    expect b 'COMMIT'
    expect a 'COMMIT'

    next_customer
    situation="$apply, $level: two customers crosswise"
    expect a "$(begin "$level" "$apply") $(post 20 1)"
    customer=$((customer + 1))
    expect b "$(begin "$level" "$apply") $(post 20 2)"
    expect a "$(post 20 3)"
    customer=$((customer - 1))
    expect b "$(post 20 4)"
    expect a 'COMMIT'
    expect b 'COMMIT'

    next_customer
    situation="$apply, $level: savepoint rolled back"
    expect a "$(begin "$level" "$apply") $(post 50 500) SAVEPOINT s; $(post 50 600)"
    expect b "$(begin "$level" "$apply") $(post 60 700) COMMIT"
    expect a "ROLLBACK TO s; $(post 51 800) COMMIT"

    next_customer
    situation="$apply, $level: read-only after a write"
    expect a "$(begin "$level" "$apply") $(post 60 10000) SET TRANSACTION READ ONLY; COMMIT"
    next_customer
    expect a "$(begin "$level" "$apply") $(post 60 20000) SAVEPOINT s; SELECT oracle.by_hand($customer, 'add_to_group', 'big'); SET LOCAL transaction_read_only = on; COMMIT"
    next_customer
    expect a "$(begin "$level" "$apply") $(post 60 10000) SAVEPOINT s; SET TRANSACTION READ ONLY; SELECT 1; RELEASE s; COMMIT"
    next_customer
    expect a "$(begin "$level" "$apply") $(post 60 10000) SET TRANSACTION READ ONLY; PREPARE TRANSACTION 'read_only'"
    expect a "COMMIT PREPARED 'read_only'"
  done
done
judge_memberships "crosswise and read-only transactions"

# A transaction left open after its statement has changed the position, one left prepared, and a lock by hand.
for level in 'READ COMMITTED' 'REPEATABLE READ' 'SERIALIZABLE'; do
  for holder in statement prepared lock; do
    next_customer
    situation="$level while the position is held by: $holder"
    case $holder in
      statement) expect a "$(begin 'READ COMMITTED' statement) $(post 1 1)" ;;
      prepared) expect a "$(begin 'READ COMMITTED' commit) $(post 1 1) PREPARE TRANSACTION 'held'" ;;
      lock) expect a "BEGIN; SELECT FROM receivables.position WHERE customer_id = $customer FOR UPDATE" ;;
    esac
    for apply in ${modes//,/ }; do
      ask b "$(begin "$level" "$apply") $(post 80 8000) COMMIT"
      if [ "$state" != 00000 ]; then
        complain "$situation, $apply: $state $(last_words b)"
        break
      fi
    done
    case $holder in
      prepared) expect a "COMMIT PREPARED 'held'" ;;
      *) expect a COMMIT ;;
    esac
    answer b
  done
done
judge_memberships "held positions"
check_log
end_test "interleavings in the modes $modes"

// Figures about a customer's activity: turnover, last invoice, last payment and payment behaviour,
// read from the profiles `sales` and `payments` of a position (see Facet).
#pragma once

#include "search_assign/core/maturity_profile.hpp"

namespace search_assign::core {

// Invoices, debit and credit notes dated after as_of - 12 months, up to as_of.
Sum sales_12m(Bytes sales, Date as_of);
bool last_invoice_on(Bytes sales, Date& date);
// Latest date of a paid part of an invoice or of a payment item.
bool last_payment_on(Bytes payments, Date& date);

// Amount-weighted days late over the payments of as_of's calendar month and the six before it
// (field-research C7, C15), in 1/10000 days, rounded half away from zero; false without a payment.
bool average_days_late(Bytes payments, Date as_of, Sum& days_late);

// The same in whole days, for the payer profile's bands.
bool whole_days_late(Bytes payments, Date as_of, std::int64_t& days);

}  // namespace search_assign::core

import type { Category } from "../models/classification.ts";

/**
 * What tickets are about, in the words that customers use: a model reads the descriptions, and the offline model matches
 * them word by word. The last one is for what is none of the others.
 */
export const DEFAULT_CATEGORIES: readonly Category[] = [
  {
    name: "billing",
    description:
      "Our own plan and what we charge for it: subscription, yearly or monthly plan, renewal, upgrade, cancel, pause, price, invoice, VAT number on invoices, company name, refund of the subscription.",
  },
  {
    name: "payments",
    description:
      "Money of the customer's own sales: payout, bank account, IBAN, card payment declined, refund of a sale, receipt refunded, chargeback, dispute, gift card, voucher, discount code, tips, cash.",
  },
  {
    name: "hardware",
    description:
      "Devices: card reader, receipt printer, kitchen printer, tablet, battery, update stuck, cable, pairing, network, order and delivery of a reader, return, warranty, labels, logo on receipts.",
  },
  {
    name: "account access",
    description:
      "Getting in and who may do what: log in, password, PIN, two-factor, code, phone lost, locked out, staff, employee, permissions, close the account.",
  },
  {
    name: "catalogue and stock",
    description: "Products, import, spreadsheet, prices, stock count, inventory, barcode, tax rate of products.",
  },
  {
    name: "online store",
    description: "Web shop, domain, DNS, opening hours, pick-up, delivery zones, orders, checkout, address.",
  },
  {
    name: "reports and accounting",
    description:
      "Export of sales, accounting connection, bookkeeper, closing the day, drawer short, tax audit, records, duplicates in accounting, missing days.",
  },
  {
    name: "developers",
    description: "API, key, scope, webhook, signature, endpoint, sandbox, HTTP status.",
  },
  {
    name: "data protection",
    description: "Deletion of personal data, GDPR, forgotten, letter, privacy.",
  },
  { name: "other", description: "Anything else." },
];

//! Names a fresh account starts with, as recorded from a trial account; lead stages and lost reasons are inferred.

pub(super) const LEAD_SOURCES: &[&str] = &[
    "Web",
    "Organic Search",
    "Email",
    "Phone",
    "Chat",
    "Web Form",
    "Referral",
    "Direct",
    "Paid Search",
    "Blogs",
    "Social Media",
    "Display Ads",
    "Events",
    "Webinar",
];

pub(super) const DEAL_REASONS: &[&str] = &[
    "Opted our rival",
    "Price is too high",
    "Junk Lead",
    "Not interested",
    "No requirement",
    "Need only in future",
    "Product not satisfying",
    "No proper follow-up",
    "Appointment missed",
];

pub(super) const DEAL_TYPES: &[&str] = &["New Business", "Existing Business-Renewal", "Existing Business-Upgrade"];

pub(super) const INDUSTRY_TYPES: &[&str] = &[
    "Accounting",
    "Advertising",
    "Aerospace",
    "Agriculture",
    "Aircraft",
    "Airline",
    "Apparel & Accessories",
    "Automotive",
    "Banking",
    "Biotechnology",
    "Broadcasting",
    "Brokerage",
    "Call Centers",
    "Cargo Handling",
    "Chemicals",
    "Computer",
    "Construction",
    "Consulting",
    "Consumer Products",
    "Cosmetics",
    "Defense",
    "Department Stores",
    "Ecommerce",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment & Leisure",
    "Executive Search",
    "Financial Services",
    "Food, Beverage & Tobacco",
    "Gaming",
    "Government",
    "Grocery",
    "Health Care",
    "Hospitality",
    "Insurance",
    "Internet Publishing",
    "Investment Banking",
    "Legal",
    "Machinery",
    "Manufacturing",
    "Media",
    "Motion Picture & Video",
    "Music",
    "Newspaper Publishers",
    "Not for Profit",
    "Online Auctions",
    "Other",
    "Pension Funds",
    "Pharmaceuticals",
    "Private Equity",
    "Publishing",
    "Real Estate",
    "Retail & Wholesale",
    "Securities & Commodity Exchanges",
    "Service",
    "Shipping",
    "Soap & Detergent",
    "Software",
    "Sports",
    "Technology",
    "Telecommunications",
    "Television",
    "Transportation",
    "Trucking",
    "Utilities",
    "Venture Capital",
];

pub(super) const BUSINESS_TYPES: &[&str] = &[
    "Analyst",
    "Competitor",
    "Customer",
    "Integrator",
    "Investor",
    "Partner",
    "Press",
    "Prospect",
    "Reseller",
    "Other",
];

pub(super) const DEAL_PAYMENT_STATUSES: &[&str] = &["Offline", "Online"];
pub(super) const DEAL_PRODUCTS: &[&str] = &["Basic", "Professional"];
pub(super) const CAMPAIGNS: &[&str] = &["Spring launch"];
pub(super) const TERRITORIES: &[&str] = &["Nordics"];
pub(super) const DESIGNATIONS: &[&str] = &["Account manager", "Solution engineer"];
pub(super) const LEAD_REASONS: &[&str] = &["Junk Lead", "Not interested", "Not able to reach"];
pub(super) const LOST_REASONS: &[&str] =
    &["Junk Lead", "Not able to reach", "Not interested", "Budget", "Lost to competitor"];
pub(super) const ACTIVITY_OUTCOMES: &[&str] =
    &["Interested", "Left message", "No response", "Not interested", "Not able to reach"];

/// Lead stage and its `choice_type`.
pub(super) const LEAD_STAGES: &[(&str, i64)] = &[("New", 5), ("Contacted", 2), ("Qualified", 4)];

/// Deal stage of the default pipeline: name, forecast type, `choice_type`, probability.
pub(super) const DEAL_STAGES: &[(&str, &str, i64, i64)] = &[
    ("New", "Open", 5, 100),
    ("Follow-up", "Open", 2, 100),
    ("Under review", "Open", 2, 100),
    ("Demo", "Open", 2, 100),
    ("Negotiation", "Open", 2, 100),
    ("Won", "Closed Won", 4, 100),
    ("Lost", "Closed Lost", 4, 0),
];

/// Lifecycle stage with its contact statuses and their forecast types.
pub(super) const LIFECYCLE: &[(&str, &[(&str, &str)])] = &[
    ("Lead", &[("New", "Open"), ("Contacted", "Open"), ("Interested", "Open"), ("Unqualified", "Closed Lost")]),
    ("Sales Qualified Lead", &[("Qualified", "Open"), ("Negotiation", "Open"), ("Lost", "Closed Lost")]),
    ("Customer", &[("Won", "Closed Won"), ("Churned", "Closed Lost")]),
];

/// Sales activity type: name, internal name, shown in conversations, has check-in.
pub(super) const ACTIVITY_TYPES: &[(&str, &str, bool, bool)] = &[
    ("Chat", "chat", true, false),
    ("Phone", "phone", true, false),
    ("Meeting", "appointment", true, true),
    ("Task", "task", true, false),
    ("Email", "email", true, false),
    ("SMS Outgoing", "sms_outgoing", true, false),
    ("Reminder", "reminder", false, false),
    ("SMS Incoming", "sms_incoming", true, false),
];

/// Task type and the name of the activity type it belongs to.
pub(super) const TASK_TYPES: &[(&str, &str)] =
    &[("Follow up", "Task"), ("Call reminder", "Task"), ("Email reminder", "Reminder")];

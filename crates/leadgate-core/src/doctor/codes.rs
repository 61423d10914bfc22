//! The table of everything that can be found: a stable name, how bad it is, what it means, what causes it, how it is mended.
//!
//! `docs/doctor.md` prints this table; a test keeps the two together.

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// As it should be.
    Ok,
    /// Could not be looked at; says what to do so that it can.
    Skipped,
    /// Works, but will not always.
    Warning,
    /// Does not work.
    Failed,
}

impl Status {
    /// The word that screens and JSON use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Skipped => "skipped",
            Status::Warning => "warning",
            Status::Failed => "failed",
        }
    }
}

/// What a finding is about: the headings of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Address and key.
    Door,
    /// The account.
    Account,
    /// Rights of the key's user.
    Rights,
    /// Names in the configuration.
    Names,
    /// Search.
    Search,
    /// Data folder and store.
    Machine,
    /// The gateway.
    Gateway,
}

impl Subject {
    /// The heading.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Subject::Door => "Address and key",
            Subject::Account => "Account",
            Subject::Rights => "Rights of the key's user",
            Subject::Names => "Names in the settings",
            Subject::Search => "Search",
            Subject::Machine => "Data folder and store",
            Subject::Gateway => "Gateway",
        }
    }
}

/// One thing that can be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its name; never changes.
    pub name: &'static str,
    /// The heading it stands under.
    pub subject: Subject,
    /// How bad it is.
    pub status: Status,
    /// What it means.
    pub meaning: &'static str,
    /// What causes it; empty where all is well.
    pub cause: &'static str,
    /// What to do; empty where nothing is to be done.
    pub mend: &'static str,
}

macro_rules! codes {
    ($($constant:ident = $name:literal, $subject:ident, $status:ident: $meaning:literal, $cause:literal, $mend:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $constant: Code = Code {
                name: $name,
                subject: Subject::$subject,
                status: Status::$status,
                meaning: $meaning,
                cause: $cause,
                mend: $mend,
            };
        )*

        /// Every code, in the order of the report.
        pub const ALL: &[Code] = &[$($constant),*];
    };
}

codes! {
    ACCOUNT_NOT_SET = "account-not-set", Door, Failed:
        "The settings name no account.", "Key or address are missing, or are no key and no address.",
        "Set FRESHSALES_API_KEY and FRESHSALES_SUBDOMAIN; `leadgate config` shows what holds.";
    KEY_ACCEPTED = "key-accepted", Door, Ok:
        "The account knows the key.", "", "";
    KEY_NEEDED = "key-needed", Door, Ok:
        "The account turns away who has no key, so the key was really checked.", "", "";
    KEY_NOT_NEEDED = "key-not-needed", Door, Warning:
        "What answers lets anyone in, so nothing is known of the key.",
        "The address leads to a proxy that adds a key, or to something that is no Freshsales account.",
        "Set FRESHSALES_SUBDOMAIN to the account's own name.";
    KEY_REFUSED = "key-refused", Door, Failed:
        "401: the account is there and refuses the key.",
        "The key was mistyped, reset or belongs to another account, its user was deactivated, or a proxy drops the header `Authorization: Token token=KEY`.",
        "Copy the key anew from the CRM (profile picture > Settings > API settings) into FRESHSALES_API_KEY, without quotes. Other programs that get a 401: the header's first word is `Token`, not `Bearer`.";
    KEY_SENT_TO_SIGN_IN = "key-sent-to-sign-in", Door, Failed:
        "A redirect to the sign-in page in place of a 401: the key was refused, and the account did not see that JSON was asked for.",
        "Something between here and the account drops the header `Accept: application/json`, and probably `Authorization` too.",
        "Let the proxy pass both headers, or go round it; then mend the key if it is refused still.";
    ADDRESS_UNKNOWN = "address-unknown", Door, Failed:
        "404 for a path that every account has: there is no account of this name.",
        "The subdomain is mistyped, or the account was closed or renamed.",
        "Set FRESHSALES_SUBDOMAIN to the name in your browser's address line: `acme` of acme.myfreshworks.com or acme.freshsales.io.";
    ADDRESS_OTHER_GENERATION = "address-other-generation", Door, Failed:
        "The account is there, but not at this generation's address.",
        "The address is that of Freshsales Classic (freshsales.io, /api) and the account is Freshsales Suite (myfreshworks.com, /crm/sales/api), or the other way round.",
        "A bare subdomain works too: the generation is then found out.";
    ADDRESS_UNREACHABLE = "address-unreachable", Door, Failed:
        "No connection to the account's server.",
        "The name does not resolve, this machine has no way out, or a firewall or proxy is in between.",
        "Open the address in a browser on this machine; behind a proxy set HTTPS_PROXY.";
    ADDRESS_SILENT = "address-silent", Door, Failed:
        "A connection came about, but no whole answer.",
        "The CRM is down or very slow, or something in between cuts connections.",
        "Try again in some minutes; see the vendor's status page. crm.total_timeout is how long is waited.";
    ADDRESS_STRANGE = "address-strange", Door, Failed:
        "What answers there is no Freshsales account.",
        "The address leads to another server, such as a company's sign-in page or a proxy.",
        "Set FRESHSALES_SUBDOMAIN to the name in your browser's address line when the CRM is open.";
    ACCOUNT_DOWN = "account-down", Door, Failed:
        "The CRM fails.", "Trouble at the vendor.",
        "Try again in some minutes; see the vendor's status page. The gateway keeps leads meanwhile.";
    EDGE_THROTTLED = "edge-throttled", Door, Failed:
        "429 with Retry-After: the server in front of the CRM throttles this machine, whatever the key.",
        "This machine's address asked too often, or shares its address with somebody who does.",
        "Stop everything on this machine that calls the CRM for the time given; asking on keeps the throttle going.";
    QUOTA_SPENT = "quota-spent", Door, Failed:
        "429: the account's requests of this hour are used up.",
        "The quota is the account's, not the key's: other tools, people's integrations and imports use it too.",
        "Wait for the next hour. To find who uses it, look under integrations in the CRM's admin settings; give Leadgate less with [budget].";
    ACCOUNT_SKIPPED = "account-skipped", Door, Skipped:
        "What is behind the door was not looked at.", "The account did not let this command in.", "Mend the finding above, then run this again.";

    GENERATION_KNOWN = "generation-known", Account, Ok:
        "What kind of account it is.", "", "";
    PLAN_KNOWN = "plan-known", Account, Ok:
        "How many requests an hour the account's plan allows, from the quota headers.", "", "";
    PLAN_UNKNOWN = "plan-unknown", Account, Skipped:
        "The account does not say how many requests it allows.",
        "Replies have no x-ratelimit headers: a sandbox without a quota, or a proxy that drops them.",
        "Set budget.per_hour to what the plan allows: 1000, 2000 or 5000.";
    QUOTA_LEFT = "quota-left", Account, Ok:
        "How many requests are left in this hour.", "", "";
    QUOTA_LOW = "quota-low", Account, Warning:
        "Less than a tenth of the hour's requests is left.",
        "Something uses many requests: an import, another tool, or this gateway's backlog.",
        "Bulk work waits by itself; see quota-shared for who else asks, and `leadgate jobs list` for what waits.";
    QUOTA_ALONE = "quota-alone", Account, Ok:
        "Nobody else used the account's requests while this command ran.", "", "";
    QUOTA_SHARED = "quota-shared", Account, Warning:
        "Others use the account's requests at this moment.",
        "Other tools, people's integrations, or the gateway itself work on the account.",
        "The gateway leaves them room by itself. If requests run short, look under integrations in the CRM's admin settings.";
    CLOCK_RIGHT = "clock-right", Account, Ok:
        "This machine's clock and the account's agree.", "", "";
    CLOCK_OFF = "clock-off", Account, Warning:
        "This machine's clock and the account's differ.", "This machine's clock is not synchronised.",
        "Switch time synchronisation on (`timedatectl set-ntp true`).";
    CLOCK_WRONG = "clock-wrong", Account, Failed:
        "This machine's clock and the account's are more than a minute apart, so that the end of a quota window is misread.",
        "This machine's clock is not synchronised.",
        "Switch time synchronisation on (`timedatectl set-ntp true`), then start the gateway anew.";
    CLOCK_UNKNOWN = "clock-unknown", Account, Skipped:
        "The account did not say what time it is.", "A proxy drops the Date header.", "";

    KEY_USER = "key-user", Rights, Ok:
        "Whose key it is: the user that the CRM names as the maker of a record. The key has exactly that user's rights.", "", "";
    RIGHTS_READ = "rights-read", Rights, Ok:
        "What the key's user may read.", "", "";
    LOOKUP_FORBIDDEN = "lookup-forbidden", Rights, Failed:
        "403 for what the gateway cannot do without: looking people up.",
        "The role of the key's user lacks the right to view contacts or leads.",
        "Give the user a role with that right, or take the key of another user (CRM: Admin settings > Roles).";
    LIST_FORBIDDEN = "list-forbidden", Rights, Warning:
        "403 for lists: their names cannot be used in place of ids, or records cannot be listed.",
        "The role of the key's user lacks the right to view them.",
        "Give the user a role that sees them, or send ids in place of names.";
    READ_FAILED = "read-failed", Rights, Failed:
        "Something could not be read.", "See what was seen.", "Run this again; if it stays so, report it with `leadgate conformance`.";
    RIGHTS_WRITE = "rights-write", Rights, Ok:
        "What the key's user may make, view and delete, tried with marked records.", "", "";
    WRITE_FORBIDDEN = "write-forbidden", Rights, Failed:
        "403 for making or viewing a record.", "The role of the key's user lacks the right.",
        "Give the user a role with that right, or take the key of another user (CRM: Admin settings > Roles).";
    DELETE_FORBIDDEN = "delete-forbidden", Rights, Warning:
        "403 for deleting a record. The gateway deletes nothing, so it can work.",
        "The role of the key's user lacks the right.",
        "Delete the marked record by hand, and run this without --write.";
    WRITE_REFUSED = "write-refused", Rights, Failed:
        "400 or 422: the account does not accept a record that has only a name and an e-mail address.",
        "An admin made further fields mandatory, or a value such as a stage does not exist (see name-missing).",
        "Make the field optional for the API (CRM: Admin settings > the kind > Fields), or send it with every lead.";
    WRITE_FAILED = "write-failed", Rights, Failed:
        "A record could not be made, viewed or deleted.", "See what was seen.", "Run this again.";
    RECORD_LEFT = "record-left-behind", Rights, Failed:
        "Marked records could not be removed.", "See the findings above.",
        "Delete them by hand: search for \"Leadgate check\" in the CRM.";
    RIGHTS_WRITE_SKIPPED = "rights-write-skipped", Rights, Skipped:
        "Whether the key's user may make and delete records was not tried.", "That needs records to be made.",
        "Run `leadgate doctor --write`: it makes marked records and removes them.";

    NAMES_FOUND = "names-found", Names, Ok:
        "Names in the settings that the account has.", "", "";
    NAME_MISSING = "name-missing", Names, Failed:
        "The account has no stage, source or owner of this name: a submission with it is answered 422.",
        "It was renamed or removed in the CRM, is misspelt, or belongs to a deactivated user.",
        "`leadgate stages` lists the stages that a gateway knows. Mend the name in the CRM, in your app and under [names].";
    NAMES_UNREADABLE = "names-unreadable", Names, Warning:
        "Whether the account has a name could not be found out.", "The list cannot be read: see list-forbidden.",
        "Give the key's user a role that sees the list, or send ids in place of names.";
    NAMES_NOT_SET = "names-not-set", Names, Skipped:
        "No names were looked up.", "The settings name none.",
        "Write the stages, sources and owners that your app sends under [names] in leadgate.toml.";

    SEARCH_PROMPT = "search-prompt", Search, Ok:
        "How soon a search sees a new record.", "", "";
    SEARCH_LATE = "search-late", Search, Warning:
        "A search is empty although the record is there: the CRM's search index lags.",
        "The index is built some seconds after a write, longer when the CRM is busy.",
        "Nothing for Leadgate: it looks people up exactly and reads back by id. Other programs must not take an empty search for \"there is none\"; use /lookup.";
    SEARCH_MINIMUM = "search-minimum", Search, Ok:
        "How many characters a search needs; shorter queries are answered with nothing.", "", "";
    SEARCH_ANY_LENGTH = "search-any-length", Search, Ok:
        "Searches take queries of any length.", "", "";
    SEARCH_MINIMUM_UNKNOWN = "search-minimum-unknown", Search, Skipped:
        "How many characters a search needs was not found out.", "The index has not seen the new record yet: see search-late.",
        "Run this again with a longer --search-within.";
    SEARCH_SKIPPED = "search-skipped", Search, Skipped:
        "How searches behave was not tried.", "That needs a record to be made.",
        "Run `leadgate doctor --write`: it makes marked records and removes them.";

    FOLDER_PRIVATE = "folder-private", Machine, Ok:
        "The data folder is closed to others and takes files.", "", "";
    FOLDER_NEW = "folder-new", Machine, Ok:
        "There is no data folder yet; the first start makes it.", "", "";
    FOLDER_OPEN = "folder-open", Machine, Warning:
        "Other users of this machine can get into the data folder, which holds people's data.",
        "It was made by hand or by a tool with other permissions.", "";
    FOLDER_UNWRITABLE = "folder-unwritable", Machine, Failed:
        "The data folder takes no files, so the gateway cannot start.",
        "It belongs to another user, the disk is read-only, or something else is in its place.",
        "Give it to the user that runs Leadgate (`chown`), or name another with --data.";
    FOLDER_OTHER_ACCOUNT = "folder-other-account", Machine, Failed:
        "The data folder is about another account; the gateway does not start with it.",
        "The account's name in the settings was changed.",
        "Name a folder of its own for each account with --data.";
    DISK_ROOM = "disk-room", Machine, Ok:
        "How much room the disk has.", "", "";
    DISK_LOW = "disk-low", Machine, Warning:
        "Less than 1 GiB is free where the store is.", "The disk fills up.",
        "Free some space, or move the data folder; a full disk means that leads are refused with 503.";
    DISK_FULL = "disk-full", Machine, Failed:
        "Less than 100 MiB are free where the store is.", "The disk is full.",
        "Free some space, or move the data folder. Nothing that was accepted is lost.";
    DISK_UNKNOWN = "disk-unknown", Machine, Skipped:
        "How much room the disk has was not found out.", "The system has no `df`.", "Look with the tools of the platform.";
    SYNC_FAST = "sync-fast", Machine, Ok:
        "How long a write takes to be on the disk: the least that accepting a lead takes.", "", "";
    SYNC_SLOW = "sync-slow", Machine, Warning:
        "A write takes more than half a second to be on the disk, so every lead is accepted that slowly.",
        "A network disk, a failing disk, or one that others keep busy.",
        "Put the data folder on a local disk.";
    STORE_DURABLE = "store-durable", Machine, Ok:
        "What is acknowledged survives a loss of power.", "", "";
    STORE_LAX = "store-lax", Machine, Warning:
        "What is acknowledged survives a crash of the process, but not always one of the machine.",
        "store.durability is \"normal\".", "Set store.durability to \"full\" unless that was meant.";
    STORE_OTHERWISE = "store-otherwise", Machine, Failed:
        "SQLite does not work as configured: what is acknowledged may be lost.",
        "The disk does not support a write-ahead log, as some network disks do not.",
        "Put the data folder on a local disk.";
    STORE_NEW = "store-new", Machine, Ok:
        "There is no store yet; the first start makes it.", "", "";
    STORE_IN_USE = "store-in-use", Machine, Ok:
        "A running gateway has the store open, so its settings were not read.", "", "";
    STORE_UNUSABLE = "store-unusable", Machine, Failed:
        "The store cannot be opened.", "It is damaged, was written by a newer version, or is locked by another tool.",
        "See what was seen. Keep a copy of the file before anything else is tried.";
    DATABASE_DURABLE = "database-durable", Machine, Ok:
        "The store's database answers, and waits for its disk before it says that something is kept.", "", "";
    DATABASE_LAX = "database-lax", Machine, Warning:
        "The store's database says that something is kept before it is on the disk: a loss of power there may lose it.",
        "fsync or synchronous_commit is off in PostgreSQL.", "Switch both on, unless that was meant.";
    DATABASE_UNUSABLE = "database-unusable", Machine, Failed:
        "The store's database cannot be used.",
        "It does not run, is not reached from here, refuses the user, or its tables were changed by a newer version.",
        "See what was seen; try the address with `psql`.";

    GATEWAY_READY = "gateway-ready", Gateway, Ok:
        "The gateway runs and accepts submissions.", "", "";
    GATEWAY_NOT_READY = "gateway-not-ready", Gateway, Failed:
        "The gateway runs but accepts nothing.", "Its disk is full or read-only, its store does not answer, or it is about to stop.",
        "See disk-full and folder-unwritable, and the gateway's log.";
    GATEWAY_NOT_RUNNING = "gateway-not-running", Gateway, Skipped:
        "No gateway runs on this machine at the configured port.", "It was not started, or listens elsewhere.",
        "Start it with `leadgate serve`.";
    LOOPBACK_ARRIVES = "loopback-arrives", Gateway, Ok:
        "A request to the public address arrives at this gateway.", "", "";
    LOOPBACK_NOT_SET = "loopback-not-set", Gateway, Skipped:
        "Whether the world reaches the gateway was not tried.", "No public address is configured.",
        "Set server.public_url to the address that webhooks and your app use.";
    LOOPBACK_SKIPPED = "loopback-skipped", Gateway, Skipped:
        "Whether the world reaches the gateway was not tried.", "No gateway runs here.",
        "Start it with `leadgate serve`, then run this again on the same machine.";
    LOOPBACK_OTHER_GATEWAY = "loopback-other-gateway", Gateway, Warning:
        "The public address leads to another gateway.", "Several run behind one address, or an old one still does.",
        "Stop the old one; one account has one gateway.";
    LOOPBACK_ELSEWHERE = "loopback-elsewhere", Gateway, Failed:
        "Something else answers at the public address.",
        "The proxy or tunnel leads to another port or another program, or changes the path.",
        "Let it pass every path unchanged to the gateway's port.";
    LOOPBACK_UNREACHABLE = "loopback-unreachable", Gateway, Failed:
        "Nothing answers at the public address.",
        "The name does not resolve, the tunnel is down, or a firewall is in between.",
        "Open the address with /health in a browser on another machine.";
}

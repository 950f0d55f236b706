%% @doc The configuration of pyport: its keys, their defaults and their checks.
%%
%% Keys, given in the application environment of `pyport' or in the options of
%% {@link pyport:start_link/1}:
%% <dl>
%% <dt>`interpreters'</dt><dd>Python interpreters with a GIL each in the pool `default', 1 to 64. Default: the
%%   schedulers that are online, at most 4.</dd>
%% <dt>`python'</dt><dd>A venv folder or a Python executable, for pools that do not say otherwise. Default: the
%%   Python that pyport was built with.</dd>
%% <dt>`python_path'</dt><dd>A list of folders put before the rest of `sys.path', for pools that do not say
%%   otherwise. Default: none.</dd>
%% <dt>`pools'</dt><dd>Pools to start, with the options below: a map or list of `{Name, Options}'. What it says
%%   of `default' stands above `interpreters', `python', `python_path' and `max_queue'. Default: none but
%%   `default'.</dd>
%% <dt>`max_frame'</dt><dd>Bytes of the largest request or reply, 1 KiB to 1 GiB. Default: 64 MiB.</dd>
%% <dt>`call_timeout'</dt><dd>Milliseconds, or `infinity', that calls of Python take at most unless they
%%   say otherwise. Default: 30000.</dd>
%% <dt>`start_timeout'</dt><dd>Milliseconds that a port program may take to start. Default: 60000.</dd>
%% <dt>`heartbeat_interval'</dt><dd>Milliseconds between two heartbeats. Default: 5000.</dd>
%% <dt>`heartbeat_timeout'</dt><dd>Milliseconds without a sign of life after which a port program is killed
%%   and started anew; at least the interval. Default: 20000.</dd>
%% <dt>`max_in_flight'</dt><dd>Requests that may wait for the replies of one port program; beyond it callers get
%%   `{error, overloaded}'. Default: 10000.</dd>
%% <dt>`max_queue'</dt><dd>Jobs that may wait for one interpreter; beyond it callers get
%%   `{error, overloaded}'. Default: 10000.</dd>
%% <dt>`table_dir'</dt><dd>The folder of the file that holds the dicts; it should be in memory. Default:
%% `/dev/shm'.</dd>
%% <dt>`max_table_bytes'</dt><dd>Bytes of that file, from 1 MiB on; so much address space is set aside.
%% Default: 8 GiB.</dd>
%% <dt>`max_dict_bytes', `max_dict_keys'</dt><dd>Bytes of keys and values in one dict, and its keys. Default:
%%   `infinity'.</dd>
%% <dt>`max_key_bytes'</dt><dd>Bytes of one key, at most 65535. Default: 65535.</dd>
%% <dt>`max_dicts'</dt><dd>Dicts at one time. Default: `infinity'.</dd>
%% <dt>`max_dicts_per_owner'</dt><dd>Dicts that one process may own at one time. Default: `infinity'.</dd>
%% <dt>`log_domain'</dt><dd>The `logger' domain of what Python prints and logs. Default:
%%   `[pyport, python]'.</dd>
%% <dt>`none'</dt><dd>The atom that Python's None becomes: `none', `nil' or `undefined'. Default: `none'.</dd>
%% <dt>`program'</dt><dd>Path of the port program. Default: `pyport' in the priv folder.</dd>
%% </dl>
%%
%% Options of a pool, here and in {@link py:start_pool/2}:
%% <dl>
%% <dt>`isolation'</dt><dd>`interpreter': all interpreters in one OS process, each with a GIL of its own. `process':
%%   each in an OS process of its own, as its main interpreter; for packages that do not support
%%   subinterpreters, such as numpy. Default: `interpreter'.</dd>
%% <dt>`size'</dt><dd>Interpreters, 1 to 64. Default: the schedulers that are online, at most 4.</dd>
%% <dt>`python', `python_path' (or `path'), `max_queue'</dt><dd>As above.</dd>
%% <dt>`env'</dt><dd>Environment variables beyond the node's, as a map or list of pairs; the value `false' takes one
%%   away.</dd>
%% <dt>`cwd'</dt><dd>Working folder. Default: the node's.</dd>
%% <dt>`preload'</dt><dd>Modules that each fresh interpreter imports before it takes calls.</dd>
%% <dt>`on_restart'</dt><dd>Python code that each fresh interpreter runs then; see {@link py:on_restart/2}.</dd>
%% <dt>`allow_import'</dt><dd>Packages that the import guard of `interpreter' lets through.</dd>
%% <dt>`max_memory'</dt><dd>Bytes that an OS process may use. Beyond it Python raises MemoryError, or the
%%   process ends, with the reason `out_of_memory' where that can be known. Default: `infinity'.</dd>
%% <dt>`max_calls', `max_rss'</dt><dd>After so many calls, or when so many bytes are resident, another OS
%%   process takes its place; calls that run are let end. Default: `infinity'.</dd>
%% </dl>
%%
%% All functions are pure but for the look at the application environment, the schedulers and the
%% file system that their descriptions name.
-module(pyport_config).

-export([load/1, pool/2, check_program/1]).

-export_type([key/0, config/0, pool_options/0, reason/0]).

-type key() :: interpreters | python | python_path | pools | max_frame | call_timeout | start_timeout
             | heartbeat_interval | heartbeat_timeout | max_in_flight | max_queue | table_dir | max_table_bytes
             | max_dict_bytes | max_dict_keys | max_key_bytes | max_dicts | max_dicts_per_owner | log_domain
             | none | program.
-type config() :: #{interpreters := 1..64,
                    python := binary(),
                    python_path := [binary()],
                    pools := #{atom() => py_pool_config:options()},
                    max_frame := pos_integer(),
                    call_timeout := timeout(),
                    start_timeout := pos_integer(),
                    heartbeat_interval := pos_integer(),
                    heartbeat_timeout := pos_integer(),
                    max_in_flight := pos_integer(),
                    max_queue := pos_integer(),
                    table_dir := binary(),
                    max_table_bytes := pos_integer(),
                    max_dict_bytes := limit(),
                    max_dict_keys := limit(),
                    max_key_bytes := 1..65535,
                    max_dicts := limit(),
                    max_dicts_per_owner := limit(),
                    log_domain := [atom()],
                    none := none | nil | undefined,
                    program := binary()}.
-type limit() :: pos_integer() | infinity.
-type pool_options() :: #{py_pool_config:key() | path => term()} | [{py_pool_config:key() | path, term()}].
-type reason() :: {bad_config, Key :: term(), Why :: binary()}.

-define(MAX_TIME, 16#ffffffff).   % the longest that a receive may wait, in milliseconds
-define(MAX_COUNT, 1000000000).
-define(MAX_LIMIT, 16#7fffffffffffffff).

%% @doc The whole configuration: `Options' above the application environment above the defaults.
-spec load(pyport:options()) -> {ok, config()} | {error, reason()}.
load(Options) when is_map(Options) -> load(maps:to_list(Options));
load(Options) ->
    case py_names:is_list_of(fun is_pair/1, Options) of
        true -> check(maps:merge(environment(), maps:from_list(Options)));
        false -> {error, {bad_config, options, <<"must be a map or a list of {Key, Value}">>}}
    end.

is_pair({_, _}) -> true;
is_pair(_) -> false.

%% OTP itself keeps included_applications among the keys of an application.
environment() -> maps:remove(included_applications, maps:from_list(application:get_all_env(pyport))).

%% @doc The options of one pool above what `Config' says for all. A reason names the option.
-spec pool(term(), config()) -> {ok, py_pool_config:options()} | {error, reason()}.
pool(Options, Config) ->
    case py_pool_config:load(Options, maps:with([python, python_path, max_queue], Config)) of
        {ok, Checked} -> {ok, Checked};
        {error, {Key, Why}} -> {error, {bad_config, Key, Why}}
    end.

%% @doc Looks whether `Path' is a file that can be run.
-spec check_program(file:filename_all()) -> ok | {error, {no_program, binary(), Why :: atom()}}.
check_program(Path) ->
    case file:read_file_info(Path) of
        {ok, Info} when element(3, Info) =/= regular -> {error, {no_program, py_check:text(Path), not_a_file}};
        {ok, Info} when element(8, Info) band 8#111 =:= 0 -> {error, {no_program, py_check:text(Path), not_executable}};
        {ok, _} -> ok;
        {error, Why} -> {error, {no_program, py_check:text(Path), Why}}
    end.

%%% Checks

check(Given) ->
    case maps:keys(Given) -- keys() of
        [] -> check(keys(), Given, #{});
        [Key | _] -> {error, {bad_config, Key, unknown_key()}}
    end.

check([], Given, Config) -> check_heartbeat(Config, maps:get(pools, Given, #{}));
check([Key | Keys], Given, Config) ->
    case value(Key, maps:get(Key, Given, default)) of
        {ok, Value} -> check(Keys, Given, Config#{Key => Value});
        {error, Why} -> {error, {bad_config, Key, Why}}
    end.

check_heartbeat(#{heartbeat_interval := Interval, heartbeat_timeout := Timeout}, _) when Timeout < Interval ->
    {error, {bad_config, heartbeat_timeout, <<"must not be less than heartbeat_interval">>}};
check_heartbeat(#{interpreters := Interpreters} = Config, Pools) ->
    check_pools(with_default(Pools, Interpreters), Config#{pools => #{}}).

with_default(Pools, Interpreters) when is_list(Pools) -> with_default(maps:from_list(Pools), Interpreters);
with_default(Pools, Interpreters) ->
    maps:to_list(Pools#{default => with_size(maps:get(default, Pools, #{}), Interpreters)}).

%% What is wrong with them is said later.
with_size(Options, Interpreters) when is_map(Options) -> maps:merge(#{size => Interpreters}, Options);
with_size(Options, Interpreters) when is_list(Options) -> Options ++ [{size, Interpreters} || not has_size(Options)];
with_size(Options, _) -> Options.

has_size(Options) -> py_names:is_list_of(fun is_pair/1, Options) andalso lists:keymember(size, 1, Options).

check_pools([], Config) -> {ok, Config};
check_pools([{Name, Given} | Rest], #{pools := Pools} = Config) ->
    case pool(Given, Config) of
        {ok, Options} -> check_pools(Rest, Config#{pools := Pools#{Name => Options}});
        {error, {bad_config, Key, Why}} ->
            {error, {bad_config, pools, iolist_to_binary(io_lib:format("~tp: ~tp ~ts", [Name, Key, Why]))}}
    end.

unknown_key() ->
    Known = lists:join(", ", [atom_to_list(Key) || Key <- keys()]),
    iolist_to_binary(["is no key of pyport; the keys are ", Known]).

keys() ->
    [interpreters, python, python_path, pools, max_frame, call_timeout, start_timeout, heartbeat_interval,
     heartbeat_timeout, max_in_flight, max_queue, table_dir, max_table_bytes, max_dict_bytes, max_dict_keys,
     max_key_bytes, max_dicts, max_dicts_per_owner, log_domain, none, program].

value(interpreters, default) -> {ok, min(4, erlang:system_info(schedulers_online))};
value(interpreters, N) -> py_check:integer(N, 1, 64);
value(python, default) -> {ok, <<>>};
value(python, Path) -> py_check:python(Path);
value(python_path, default) -> {ok, []};
value(python_path, Paths) -> py_check:folders(Paths);
value(pools, default) -> {ok, #{}};
value(pools, Pools) -> pools(Pools);
value(max_frame, default) -> {ok, 64 bsl 20};
value(max_frame, N) -> py_check:integer(N, 1 bsl 10, 1 bsl 30);
value(call_timeout, default) -> {ok, 30000};
value(call_timeout, N) -> py_check:or_infinity(N, 1, ?MAX_TIME);
value(start_timeout, default) -> {ok, 60000};
value(start_timeout, N) -> py_check:integer(N, 1, ?MAX_TIME);
value(heartbeat_interval, default) -> {ok, 5000};
value(heartbeat_interval, N) -> py_check:integer(N, 1, ?MAX_TIME);
value(heartbeat_timeout, default) -> {ok, 20000};
value(heartbeat_timeout, N) -> py_check:integer(N, 1, ?MAX_TIME);
value(max_in_flight, default) -> {ok, 10000};
value(max_in_flight, N) -> py_check:integer(N, 1, ?MAX_COUNT);
value(max_queue, default) -> {ok, 10000};
value(max_queue, N) -> py_check:integer(N, 1, ?MAX_COUNT);
value(table_dir, default) -> table_dir(<<"/dev/shm">>);
value(table_dir, Folder) -> table_dir(Folder);
value(max_table_bytes, default) -> {ok, 8 bsl 30};
value(max_table_bytes, N) -> py_check:integer(N, 1 bsl 20, ?MAX_LIMIT);
value(max_key_bytes, default) -> {ok, 65535};
value(max_key_bytes, N) -> py_check:integer(N, 1, 65535);
value(Limit, default) when Limit =:= max_dict_bytes; Limit =:= max_dict_keys; Limit =:= max_dicts;
                           Limit =:= max_dicts_per_owner -> {ok, infinity};
value(Limit, N) when Limit =:= max_dict_bytes; Limit =:= max_dict_keys; Limit =:= max_dicts;
                     Limit =:= max_dicts_per_owner -> py_check:or_infinity(N, 1, ?MAX_LIMIT);
value(log_domain, default) -> {ok, [pyport, python]};
value(log_domain, Domain) -> domain(Domain);
value(none, default) -> {ok, none};
value(none, Atom) when Atom =:= none; Atom =:= nil; Atom =:= undefined -> {ok, Atom};
value(none, _) -> {error, <<"must be none, nil or undefined">>};
value(program, default) -> {ok, default_program()};
value(program, Path) -> py_check:path(Path).

%% Here only that they are pools; their options are looked at when the other keys are known.
pools(Pools) when is_map(Pools) -> pools(maps:to_list(Pools));
pools(Pools) ->
    case py_names:is_list_of(fun is_pool/1, Pools) of
        true -> {ok, #{}};
        false -> {error, <<"must be a map or a list of {Name, Options}, each name an atom that begins with neither $ nor _">>}
    end.

is_pool({Name, _}) -> py_pool_config:is_name(Name);
is_pool(_) -> false.

table_dir(Folder) ->
    case py_check:path(Folder) of
        {ok, Path} when Path =/= <<>> -> writable(filename:absname(Path), file:read_file_info(Path));
        _ -> {error, <<"must be a folder, a string or a binary">>}
    end.

writable(Path, {ok, Info}) when element(3, Info) =:= directory,
                                element(4, Info) =:= read_write orelse element(4, Info) =:= write -> {ok, Path};
writable(Path, _) -> {error, <<"must be a folder that can be written to, and ", Path/binary, " is not">>}.

domain(Domain) ->
    case Domain =/= [] andalso py_names:is_list_of(fun is_atom/1, Domain) of
        true -> {ok, Domain};
        false -> {error, <<"must be a list of atoms, and not empty">>}
    end.

%% code:priv_dir/1 knows only folders that are called pyport or pyport-Version.
default_program() ->
    Folder = case code:priv_dir(pyport) of
                 {error, bad_name} -> filename:join(filename:dirname(filename:dirname(code:which(?MODULE))), "priv");
                 Priv -> Priv
             end,
    py_check:text(filename:join(Folder, "pyport")).

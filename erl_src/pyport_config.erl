%% @doc The configuration of pyport: its keys, their defaults and their checks.
%%
%% Keys, given in the application environment of `pyport' or in the options of
%% {@link pyport:start_link/1}:
%% <dl>
%% <dt>`interpreters'</dt><dd>Python interpreters with a GIL each, 1 to 64. Default: the schedulers that are
%%   online, at most 4.</dd>
%% <dt>`python'</dt><dd>A venv folder or a Python executable. Default: the Python that pyport was built with.</dd>
%% <dt>`python_path'</dt><dd>A list of folders put before the rest of `sys.path'. Default: none.</dd>
%% <dt>`max_frame'</dt><dd>Bytes of the largest request or reply, 1 KiB to 1 GiB. Default: 64 MiB.</dd>
%% <dt>`call_timeout'</dt><dd>Milliseconds, or `infinity', that calls of Python take at most unless they
%%   say otherwise. Default: 30000.</dd>
%% <dt>`start_timeout'</dt><dd>Milliseconds that the port program may take to start. Default: 60000.</dd>
%% <dt>`heartbeat_interval'</dt><dd>Milliseconds between two heartbeats. Default: 5000.</dd>
%% <dt>`heartbeat_timeout'</dt><dd>Milliseconds without a sign of life after which the port program is killed
%%   and started anew; at least the interval. Default: 20000.</dd>
%% <dt>`max_in_flight'</dt><dd>Requests that may wait for their replies; beyond it callers get
%%   `{error, overloaded}'. Default: 10000.</dd>
%% <dt>`max_queue'</dt><dd>Jobs that may wait for one interpreter; beyond it callers get
%%   `{error, overloaded}'. Default: 10000.</dd>
%% <dt>`log_domain'</dt><dd>The `logger' domain of what Python prints and logs. Default:
%%   `[pyport, python]'.</dd>
%% <dt>`none'</dt><dd>The atom that Python's None becomes: `none', `nil' or `undefined'. Default: `none'.</dd>
%% <dt>`program'</dt><dd>Path of the port program. Default: `pyport' in the priv folder.</dd>
%% </dl>
%%
%% All functions are pure but for the look at the application environment, the schedulers and the
%% file system that their descriptions name.
-module(pyport_config).

-export([load/1, check_program/1]).

-export_type([key/0, config/0, reason/0]).

-type key() :: interpreters | python | python_path | max_frame | call_timeout | start_timeout
             | heartbeat_interval | heartbeat_timeout | max_in_flight | max_queue | log_domain | none | program.
-type config() :: #{interpreters := 1..64,
                    python := binary(),
                    python_path := [binary()],
                    max_frame := pos_integer(),
                    call_timeout := timeout(),
                    start_timeout := pos_integer(),
                    heartbeat_interval := pos_integer(),
                    heartbeat_timeout := pos_integer(),
                    max_in_flight := pos_integer(),
                    max_queue := pos_integer(),
                    log_domain := [atom()],
                    none := none | nil | undefined,
                    program := binary()}.
-type reason() :: {bad_config, Key :: term(), Why :: binary()}.

-define(MAX_TIME, 16#ffffffff).   % the longest that a receive may wait, in milliseconds
-define(MAX_COUNT, 1000000000).

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

%% @doc Looks whether `Path' is a file that can be run.
-spec check_program(file:filename_all()) -> ok | {error, {no_program, binary(), Why :: atom()}}.
check_program(Path) ->
    case file:read_file_info(Path) of
        {ok, Info} when element(3, Info) =/= regular -> {error, {no_program, text(Path), not_a_file}};
        {ok, Info} when element(8, Info) band 8#111 =:= 0 -> {error, {no_program, text(Path), not_executable}};
        {ok, _} -> ok;
        {error, Why} -> {error, {no_program, text(Path), Why}}
    end.

%%% Checks

check(Given) ->
    case maps:keys(Given) -- keys() of
        [] -> check(keys(), Given, #{});
        [Key | _] -> {error, {bad_config, Key, unknown_key()}}
    end.

check([], _Given, Config) -> check_heartbeat(Config);
check([Key | Keys], Given, Config) ->
    case value(Key, maps:get(Key, Given, default)) of
        {ok, Value} -> check(Keys, Given, Config#{Key => Value});
        {error, Why} -> {error, {bad_config, Key, Why}}
    end.

check_heartbeat(#{heartbeat_interval := Interval, heartbeat_timeout := Timeout}) when Timeout < Interval ->
    {error, {bad_config, heartbeat_timeout, <<"must not be less than heartbeat_interval">>}};
check_heartbeat(Config) -> {ok, Config}.

unknown_key() ->
    Known = lists:join(", ", [atom_to_list(Key) || Key <- keys()]),
    iolist_to_binary(["is no key of pyport; the keys are ", Known]).

keys() ->
    [interpreters, python, python_path, max_frame, call_timeout, start_timeout, heartbeat_interval,
     heartbeat_timeout, max_in_flight, max_queue, log_domain, none, program].

value(interpreters, default) -> {ok, min(4, erlang:system_info(schedulers_online))};
value(interpreters, N) -> integer(N, 1, 64);
value(python, default) -> {ok, <<>>};
value(python, Path) -> existing(Path);
value(python_path, default) -> {ok, []};
value(python_path, Paths) -> paths(Paths);
value(max_frame, default) -> {ok, 64 bsl 20};
value(max_frame, N) -> integer(N, 1 bsl 10, 1 bsl 30);
value(call_timeout, default) -> {ok, 30000};
value(call_timeout, infinity) -> {ok, infinity};
value(call_timeout, N) -> or_infinity(integer(N, 1, ?MAX_TIME));
value(start_timeout, default) -> {ok, 60000};
value(start_timeout, N) -> integer(N, 1, ?MAX_TIME);
value(heartbeat_interval, default) -> {ok, 5000};
value(heartbeat_interval, N) -> integer(N, 1, ?MAX_TIME);
value(heartbeat_timeout, default) -> {ok, 20000};
value(heartbeat_timeout, N) -> integer(N, 1, ?MAX_TIME);
value(max_in_flight, default) -> {ok, 10000};
value(max_in_flight, N) -> integer(N, 1, ?MAX_COUNT);
value(max_queue, default) -> {ok, 10000};
value(max_queue, N) -> integer(N, 1, ?MAX_COUNT);
value(log_domain, default) -> {ok, [pyport, python]};
value(log_domain, Domain) -> domain(Domain);
value(none, default) -> {ok, none};
value(none, Atom) when Atom =:= none; Atom =:= nil; Atom =:= undefined -> {ok, Atom};
value(none, _) -> {error, <<"must be none, nil or undefined">>};
value(program, default) -> {ok, default_program()};
value(program, Path) -> path(Path).

integer(N, Min, Max) when is_integer(N), N >= Min, N =< Max -> {ok, N};
integer(_, Min, Max) -> {error, iolist_to_binary(io_lib:format("must be an integer from ~b to ~b", [Min, Max]))}.

or_infinity({ok, N}) -> {ok, N};
or_infinity({error, Why}) -> {error, <<Why/binary, ", or infinity">>}.

existing(Path) ->
    case path(Path) of
        {ok, <<>>} -> {ok, <<>>};
        {ok, Binary} -> existing_file(Binary, filelib:is_file(Binary));
        Error -> Error
    end.

existing_file(Path, true) -> {ok, filename:absname(Path)};
existing_file(_, false) -> {error, <<"must be a venv folder or a Python executable, and there is none">>}.

%% Relative ones are the node's, whatever Python's own folder is.
paths(Paths) ->
    case py_names:is_list_of(fun is_path/1, Paths) of
        true -> {ok, [filename:absname(text(Path)) || Path <- Paths]};
        false -> {error, <<"must be a list of folders, each a string or a binary">>}
    end.

is_path(Path) ->
    case path(Path) of
        {ok, Text} -> Text =/= <<>>;
        _ -> false
    end.

path(Path) ->
    case py_names:text(Path) of
        {ok, Text} when not is_atom(Path) -> {ok, Text};
        _ -> {error, <<"must be a path, a string or a binary">>}
    end.

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
    text(filename:join(Folder, "pyport")).

text(Path) ->
    {ok, Text} = py_names:text(Path),
    Text.

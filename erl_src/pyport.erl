%% @doc Starts pyport, either as an application or inside one's own supervision tree.
%%
%% As an application nothing of this module is needed: list `pyport' among your applications and
%% configure it by its environment:
%%
%% ```
%% {pyport, [{interpreters, 4}, {python, "/srv/shop/venv"}, {python_path, ["/srv/shop/python"]},
%%           {pools, #{science => #{isolation => process, size => 2, preload => [numpy]}}}]}.
%% '''
%%
%% To decide yourself when it starts and what falls with it, load `pyport' without starting it
%% (`included_applications', or `runtime: false' in Mix) and put its {@link child_spec/1} into a supervisor:
%%
%% ```
%% init([]) ->
%%     {ok, {#{strategy => rest_for_one}, [pyport:child_spec([{interpreters, 2}]), #{id => shop, ...}]}}.
%% '''
%%
%% There is one pyport a node; starting a second one gives `{error, {already_started, Pid}}'.
%% The keys are described in {@link pyport_config}; the API is {@link py}.
-module(pyport).

-export([child_spec/1, start_link/1]).

-export_type([options/0]).

-type options() :: [{pyport_config:key(), term()}] | #{pyport_config:key() => term()}.
%% Options that stand above the application environment, which stands above the defaults.

%% @doc A child specification of the whole of pyport, for one's own supervisor.
-spec child_spec(options()) -> supervisor:child_spec().
child_spec(Options) ->
    #{id => pyport,
      start => {?MODULE, start_link, [Options]},
      type => supervisor,
      restart => permanent,
      shutdown => infinity,
      modules => [pyport_sup]}.

%% @doc Starts pyport's supervisor and returns when all pools take calls.
%%
%% Errors: `{bad_config, Key, Why}' when an option is wrong; `{no_program, Path, Why}' when the
%% executable is not there or cannot be run; `{already_started, Pid}'; `{protocol_mismatch, Theirs, Ours}';
%% `start_timeout'; `{bad_config, Why}' when a port program refused something, as a module that cannot be
%% preloaded; `{port_down, Why}' when one died while it started. The reason of a pool other than `default' is
%% `{pool, Name, Why}'.
-spec start_link(options()) -> {ok, pid()} | {error, term()}.
start_link(Options) -> pyport_sup:start_link(Options).

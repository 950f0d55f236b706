%% @private The forms in which py's functions take a pool: as the first argument, or in the options that stand
%% where the timeout does. Pure.
%%
%% A pool's name is an atom, and so may be a module's or a variable's. What tells the forms apart is the argument
%% that the other form has in that place:
%%
%% ```
%% call(Module, Function, Args, ...)         the third is a list      call(Pool, Module, Function, ...)  is none
%% eval(Code, Vars, ...)      the second is a map or list of pairs    eval(Pool, Code, ...)              is code
%% run(File, Argv, Timeout)                  the third is a timeout   run(Pool, File, Argv)              is a list
%% '''
%%
%% So a function that is given as a string must be an atom or a binary where the pool comes first.
-module(py_forms).

-export([call/1, code/1, run/1, options/2]).

-export_type([form/0, shift/0]).

-type shift() :: 0 | 1.    % how far the pool moves the other arguments
-type form() :: {shift(), Pool :: term(), Arguments :: [term(), ...], Options :: term()}.

%% @doc Of call, spawn_call and cast: Module, Function, Args and Kwargs.
-spec call([term(), ...]) -> form().
call([Pool, Module, Function, Args, Kwargs, Options]) -> {1, Pool, [Module, Function, Args, Kwargs], Options};
call([Pool, Module, Function, Args | Rest]) when is_atom(Function); is_binary(Function) ->
    with_kwargs(1, Pool, [Module, Function, Args], Rest);
call([Module, Function, Args | Rest]) -> with_kwargs(0, none, [Module, Function, Args], Rest).

with_kwargs(Shift, Pool, Call, []) -> {Shift, Pool, Call ++ [#{}], default};
with_kwargs(Shift, Pool, Call, [Kwargs]) -> {Shift, Pool, Call ++ [Kwargs], default};
with_kwargs(Shift, Pool, Call, [Kwargs, Options]) -> {Shift, Pool, Call ++ [Kwargs], Options}.

%% @doc Of eval and exec: Code and Vars.
-spec code([term(), ...]) -> form().
code([Code]) -> {0, none, [Code, #{}], default};
code([Pool, Code, Vars, Options]) -> {1, Pool, [Code, Vars], Options};
code([First, Second | Rest]) ->
    case is_atom(First) andalso is_code(Second) of
        true -> with_vars(1, First, Second, Rest);
        false -> with_vars(0, none, First, [Second | Rest])
    end.

with_vars(Shift, Pool, Code, []) -> {Shift, Pool, [Code, #{}], default};
with_vars(Shift, Pool, Code, [Vars]) -> {Shift, Pool, [Code, Vars], default};
with_vars(Shift, Pool, Code, [Vars, Options]) -> {Shift, Pool, [Code, Vars], Options}.

%% Variables are a map, or a list of pairs and atoms; the empty list too.
is_code(Code) when is_binary(Code); is_atom(Code) -> true;
is_code([Head | _]) -> not (is_tuple(Head) orelse is_atom(Head));
is_code(_) -> false.

%% @doc Of run: File and Argv.
-spec run([term(), ...]) -> form().
run([File, Argv]) -> {0, none, [File, Argv], default};
run([Pool, File, Argv]) when is_list(Argv) -> {1, Pool, [File, Argv], default};
run([File, Argv, Options]) -> {0, none, [File, Argv], Options};
run([Pool, File, Argv, Options]) -> {1, Pool, [File, Argv], Options}.

%% @doc The pool and the timeout; a pool that is named twice must be the same.
-spec options(Pool :: term(), Options :: term()) -> {ok, atom(), timeout() | default} | bad_pool | bad_options.
options(Pool, _) when not is_atom(Pool) -> bad_pool;
options(none, #{pool := Pool} = Options) when is_atom(Pool) -> options(Pool, maps:remove(pool, Options));
options(Pool, #{pool := Pool} = Options) -> options(Pool, maps:remove(pool, Options));
options(Pool, #{timeout := Timeout} = Options) when map_size(Options) =:= 1 -> timed(Pool, Timeout);
options(Pool, Options) when map_size(Options) =:= 0 -> {ok, named(Pool), default};
options(_, Options) when is_map(Options) -> bad_options;
options(Pool, default) -> {ok, named(Pool), default};
options(Pool, Timeout) -> timed(Pool, Timeout).

timed(Pool, Timeout) when is_integer(Timeout), Timeout >= 0, Timeout =< 16#ffffffff; Timeout =:= infinity ->
    {ok, named(Pool), Timeout};
timed(_, _) -> bad_options.

named(none) -> default;
named(Pool) -> Pool.
